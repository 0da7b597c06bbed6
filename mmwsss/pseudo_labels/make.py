"""Pseudo-labels of a dataset: from a CAMStore through a refiner to a folder of PNGs."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.dist import all_reduce, is_main_process

from mmwsss.compat.weights import load_whole_checkpoint
from mmwsss.datasets import LabelFolder
from mmwsss.main_process import call_on_main_process
from mmwsss.process_pool import ImageError, ordered_map
from mmwsss.refinement.background import Background
from mmwsss.refinement.device_batches import DeviceBatches
from mmwsss.refinement.refiners import LeastConfidence, Refiner, ScoredImage
from mmwsss.registry import MODELS, REFINERS
from mmwsss.structures import CAMStore
from mmwsss.structures.fingerprints import file_fingerprint, settings_fingerprint

from .label_jobs import (
    TaggedImage,
    by_size,
    collect_failures,
    job_config,
    list_images,
    load_rgb,
    raise_failures,
    read_response,
    start,
    usable_workers,
)
from .label_sources import WeightFolder, made_from, pending_images, refuse_shared_files

KIND = 'pseudo'
SETTINGS = (
    'cam_store', 'out_dir', 'mask_dir', 'background', 'refiner', 'ignore_below', 'weight_dir',
    'batch_size',
)  # fmt: skip


@dataclass(frozen=True)
class ImageLoader:
    """Reads an image and its response maps, and adds the background; picklable."""

    store: CAMStore
    background: Background

    def __call__(self, sample: TaggedImage) -> ScoredImage:
        """Return the image with scores at its own size."""
        image = load_rgb(sample.img_path)
        response = read_response(self.store, sample, image.shape[:2])
        scores = self.background.add(response.resized().numpy())
        return ScoredImage(image, scores, response.classes.numpy(), sample.img_id)


@dataclass(frozen=True)
class LabelFinisher:
    """The part of the work that needs no accelerator; picklable, so that it works in a pool.

    Attributes:
        load: reads an image that no refiner has seen yet.
        refiners: those that are left.
        folder: where the label goes.
        least: see ``ScoredImage.labels``.
        weights: where the confidence goes, or None.
    """

    load: ImageLoader
    refiners: tuple[Refiner, ...]
    folder: LabelFolder
    least: LeastConfidence | None = None
    weights: WeightFolder | None = None

    def __call__(self, item: TaggedImage | ScoredImage) -> str:
        """Write the image's label and return its id."""
        image = item if isinstance(item, ScoredImage) else self.load(item)
        for refiner in self.refiners:
            image = refiner.refine(image)
        source = made_from(self.load.store, image.img_id, image.classes)
        if self.weights is not None:
            self.weights.write(image, source)
        self.folder.write(image.img_id, image.labels(self.least), source)
        return image.img_id


def build_refiner(job: ConfigDict, model: ConfigDict | None, checkpoint: str | None) -> Refiner:
    """Build ``job.refiner`` and, where it needs one, its model with the checkpoint's weights.

    Raises:
        ValueError: a model is needed and none is given, or the checkpoint is of another one.
    """
    refiner = REFINERS.build(job.refiner)
    walkers = [step for step in refiner.steps() if step.needs_model]
    if walkers and (model is None or checkpoint is None):
        raise ValueError(
            f'{type(walkers[0]).__name__} needs a trained AffinityNet: give CHECKPOINT and a '
            'config with its model, or take a refiner without a random walk'
        )
    loaded = load_model(model, checkpoint) if walkers else None
    for step in walkers:
        step.attach(loaded)
    return refiner


def load_model(model: ConfigDict, checkpoint: str) -> torch.nn.Module:
    """Build a model, load its weights, all of them, and put it on the accelerator for inference.

    Raises:
        ValueError: the file is no whole checkpoint, or one of another model; names it.
    """
    built = MODELS.build(model)
    load_whole_checkpoint(built, checkpoint)
    return built.to(get_device()).eval()


@dataclass
class PseudoLabelJob:
    """All that is needed to label images.

    Attributes:
        load: reads images with their scores.
        refiner: refines them.
        folder: where labels go.
        least: see ``ScoredImage.labels``.
        weights: see ``LabelFinisher``.
        batch_size: images that a refiner on the device gets at once.
        workers: processes for the refiners after it.
    """

    load: ImageLoader
    refiner: Refiner
    folder: LabelFolder
    least: LeastConfidence | None = None
    weights: WeightFolder | None = None
    batch_size: int = 1
    workers: int = 0

    def run(self, images: Sequence[TaggedImage]) -> list[ImageError]:
        """Label the images and return what failed; every other image is done."""
        steps = self.refiner.steps()
        split = max((index + 1 for index, step in enumerate(steps) if step.on_device), default=0)
        before = DeviceBatches(
            self.load, by_size(images) if split else [], steps[:split], self.batch_size
        )
        finish = LabelFinisher(
            self.load, tuple(steps[split:]), self.folder, self.least, self.weights
        )
        results = ordered_map(
            finish,
            before if split else images,
            workers=self.workers,
            name_of=lambda item: item.img_id,
            on_error='return',
            description='pseudo-labels',
            progress=is_main_process(),
        )
        after = collect_failures(results)
        return before.failures + after


@dataclass(frozen=True)
class PseudoLabels:
    """What was made.

    Attributes:
        folder: the labels.
        load: reads the images with the scores that they were made from.
        images: all images of the dataset.
        metainfo: of the dataset.
        made: how many were made now, over all processes.
        seconds: how long the slowest process took for its part.
    """

    folder: LabelFolder
    load: ImageLoader
    images: Sequence[TaggedImage]
    metainfo: dict
    made: int
    seconds: float


def make_pseudo_labels(
    cfg: Config,
    checkpoint: str | None = None,
    cams: str | None = None,
    out: str | None = None,
    workers: int | None = None,
) -> PseudoLabels:
    """Make the pseudo-labels that a config describes; what is there whole is left as it is.

    Args:
        cfg: with ``label_dataset`` and ``pseudo_labels``, see docs/pseudo_labels.md, and ``model``
            where the refiner needs one.
        checkpoint: of that model.
        cams: the CAMStore, in place of ``pseudo_labels.cam_store``.
        out: the folder, in place of ``pseudo_labels.out_dir``.
        workers: processes for refiners without a model; None: see ``usable_workers``.

    Raises:
        ValueError: labels that are there were made from something else, or weights would be
            written over labels.
        RuntimeError: images failed; the others are done.
    """
    start(cfg)
    job = job_config(cfg, 'pseudo_labels', SETTINGS, cams, out)
    images, metainfo = list_images(cfg.label_dataset, job.get('mask_dir'))
    store = CAMStore.open(job.cam_store, metainfo['classes'])
    refiner = build_refiner(job, cfg.get('model'), checkpoint)
    needs_model = any(step.needs_model for step in refiner.steps())
    least = LeastConfidence.parse(job.get('ignore_below', 0.0))
    settings = {
        'background': dict(job.get('background', dict(alpha=16))),
        'refiner': job.refiner.to_dict(),
        'ignore_below': asdict(least),
        'checkpoint': file_fingerprint(checkpoint) if needs_model else None,
    }
    weight_dir = job.get('weight_dir')
    if weight_dir:
        refuse_shared_files(job.out_dir, weight_dir, images)
    call_on_main_process(lambda: LabelFolder.create(job.out_dir, KIND, store.classes, settings))
    folder = LabelFolder.open(job.out_dir, KIND, store.classes)
    weights = WeightFolder(weight_dir, settings_fingerprint(settings)) if weight_dir else None
    pending = pending_images(images, folder, store, weights and weights.has)
    load = ImageLoader(store, Background(**settings['background']))
    work = PseudoLabelJob(
        load,
        refiner,
        folder,
        least,
        weights,
        job.get('batch_size', 1),
        usable_workers(workers, len(pending)),
    )
    begin = time.perf_counter()
    raise_failures(work.run(pending), len(images))
    seconds = torch.tensor(time.perf_counter() - begin)
    made = torch.tensor(len(pending))
    all_reduce(seconds, 'max')
    all_reduce(made)
    return PseudoLabels(folder, load, images, metainfo, int(made), float(seconds))
