"""Pseudo-labels of a dataset: made from response maps by a refiner, and written as PNGs."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass

import torch
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.dist import all_reduce

from mmwsss.compat.weights import load_whole_checkpoint
from mmwsss.datasets import LabelFolder
from mmwsss.models.batch_norm_fusion import fuse_batch_norm
from mmwsss.refinement.background import Background
from mmwsss.refinement.refiners import ConfidenceThresholds, Refiner
from mmwsss.registry import MODELS, REFINERS
from mmwsss.structures import CAMStore
from mmwsss.structures.fingerprints import file_fingerprint, settings_fingerprint

from .images import TaggedImage, list_images, refuse_shared_files
from .labeller import ImageLoader, LabelWriter, PseudoLabeller
from .processes import open_labels, pool_size, raise_failures, start_processes
from .provenance import pending_images
from .settings import label_settings
from .weight_folder import WeightFolder

KIND = 'pseudo'
FOLDERS = ('out_dir', 'weight_dir', 'whole_dir')  # what is written
SETTINGS = (
    'cam_store', *FOLDERS, 'mask_dir', 'background', 'refiner', 'ignore_below', 'batch_size',
    'max_size',
)  # fmt: skip


def build_refiner(
    settings: ConfigDict, model: ConfigDict | None, checkpoint: str | None
) -> Refiner:
    """Build the refiner of the labels, and the model that it may need.

    Args:
        settings (ConfigDict): The config's ``pseudo_labels``, with ``refiner``.
        model (ConfigDict, optional): Config of the AffinityNet.
        checkpoint (str, optional): Checkpoint of the AffinityNet.

    Returns:
        Refiner: The refiner, ready to use.

    Raises:
        ValueError: If the refiner needs a model and model or checkpoint is missing, or if the
            checkpoint does not fit the model.
    """
    refiner = REFINERS.build(settings.refiner)
    with_model = [step for step in refiner.steps() if step.needs_model]
    if not with_model:
        return refiner
    if model is None or checkpoint is None:
        raise ValueError(
            f'{type(with_model[0]).__name__} needs a trained AffinityNet: give CHECKPOINT and a '
            'config with its model, or take a refiner without a random walk'
        )
    network = load_model(model, checkpoint)
    for step in with_model:
        step.attach(network)
    return refiner


def load_model(model: ConfigDict, checkpoint: str) -> torch.nn.Module:
    """Build a model with the weights of a checkpoint, for inference alone.

    Args:
        model (ConfigDict): Config of the model.
        checkpoint (str): The checkpoint file, which must hold every weight of the model.

    Returns:
        torch.nn.Module: The model on the accelerator, in evaluation mode.

    Raises:
        ValueError: If the file is no whole checkpoint, or one of another model; names it.
    """
    built = MODELS.build(model)
    load_whole_checkpoint(built, checkpoint)
    built = built.to(get_device()).eval()
    fuse_batch_norm(built.backbone)
    return built


@dataclass(frozen=True)
class PseudoLabels:
    """The pseudo-labels that :func:`make_pseudo_labels` has made.

    Attributes:
        folder (LabelFolder): The labels.
        load (ImageLoader): Loads an image with the scores before refinement.
        images (Sequence[TaggedImage]): All images of the dataset.
        metainfo (dict): Metainfo of the dataset.
        made (int): Number of labels that were made now, in all processes together.
        seconds (float): Seconds that the slowest process took.
    """

    folder: LabelFolder
    load: ImageLoader
    images: Sequence[TaggedImage]
    metainfo: dict
    made: int
    seconds: float

    def summary(self) -> str:
        """Say in a line how many labels there are, and how fast they were made."""
        rate = self.made / self.seconds if self.made else 0.0
        return (
            f'{self.folder.root}: {len(self.images)} labels, {self.made} made now in '
            f'{self.seconds:.1f} s ({rate:.2f} images/s)'
        )


def make_pseudo_labels(
    cfg: Config,
    checkpoint: str | None = None,
    cams: str | None = None,
    out: str | None = None,
    workers: int | None = None,
) -> PseudoLabels:
    """Make the pseudo-labels that a config describes. Whole labels that are there are kept.

    Args:
        cfg (Config): A config with ``label_dataset`` and ``pseudo_labels``, which
            docs/pseudo_labels.md describes, and with ``model`` where the refiner needs one.
        checkpoint (str, optional): Checkpoint of that model. Defaults to None.
        cams (str, optional): The CAMStore; replaces ``pseudo_labels.cam_store``. Defaults to
            None.
        out (str, optional): Folder of the labels; replaces ``pseudo_labels.out_dir``. Defaults
            to None.
        workers (int, optional): Processes of the pool, for refiners without a model. Defaults to
            None: see :func:`pool_size`.

    Returns:
        PseudoLabels: The labels.

    Raises:
        ValueError: If labels that are there were made from something else, or if weights would
            overwrite labels.
        RuntimeError: If images failed; all others are done.
    """
    start_processes(cfg)
    settings = label_settings(cfg, 'pseudo_labels', SETTINGS, cams, out)
    images, metainfo = list_images(cfg.label_dataset, settings.get('mask_dir'))
    store = CAMStore.open(settings.cam_store, metainfo['classes'])
    refiner = build_refiner(settings, cfg.get('model'), checkpoint)
    needs_model = any(step.needs_model for step in refiner.steps())
    thresholds = ConfidenceThresholds.parse(settings.get('ignore_below', 0.0))
    recorded = {
        'background': dict(settings.get('background', dict(alpha=16))),
        'refiner': settings.refiner.to_dict(),
        'ignore_below': asdict(thresholds),
        'checkpoint': file_fingerprint(checkpoint) if needs_model and checkpoint else None,
    }
    max_size = settings.get('max_size')
    if max_size is not None:
        recorded['max_size'] = max_size
    folders = {key: settings[key] for key in FOLDERS if settings.get(key)}
    refuse_shared_files(folders, images)
    weights = whole = None
    if settings.get('weight_dir'):
        weights = WeightFolder(settings.weight_dir, settings_fingerprint(recorded))
    load = ImageLoader(store, Background(**recorded['background']), max_size)
    with ExitStack() as stack:
        folder = stack.enter_context(open_labels(settings.out_dir, KIND, store.classes, recorded))
        if settings.get('whole_dir'):
            nothing_ignored = {**recorded, 'ignore_below': asdict(ConfidenceThresholds())}
            whole = stack.enter_context(
                open_labels(settings.whole_dir, KIND, store.classes, nothing_ignored)
            )
        write = LabelWriter(load, folder, thresholds, weights, whole)
        pending = pending_images(images, folder, store, write.has_all)
        labeller = PseudoLabeller(
            refiner, write, settings.get('batch_size', 1), pool_size(workers, len(pending))
        )
        begin = time.perf_counter()
        raise_failures(labeller.label(pending), len(images))
    seconds = torch.tensor(time.perf_counter() - begin)
    made = torch.tensor(len(pending))
    all_reduce(seconds, 'max')
    all_reduce(made)
    return PseudoLabels(folder, load, images, metainfo, int(made), float(seconds))
