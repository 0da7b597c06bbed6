"""Affinity labels of a dataset: made from response maps, written as PNGs and measured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
from mmengine.config import Config, ConfigDict
from mmengine.dist import is_main_process

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.affinity_scores import AffinityScores
from mmwsss.evaluation.label_scores import LabelScores, score_rows
from mmwsss.main_process import call_on_main_process
from mmwsss.ops.certain_labels import certain_labels
from mmwsss.process_pool import ordered_map
from mmwsss.refinement.affinity_labels import (
    AffinityLabelParams,
    affinity_scores,
    label_names,
)
from mmwsss.refinement.background import Background
from mmwsss.refinement.dense_crf import check_crf
from mmwsss.refinement.refiners.crf import crf_params
from mmwsss.structures import CAMStore
from mmwsss.structures.tables import render_table, write_json

from .images import TaggedImage, list_images, load_rgb
from .measure import measure_labels, with_mask
from .processes import (
    collect_failures,
    open_labels,
    pool_size,
    raise_failures,
    start_processes,
)
from .provenance import pending_images, read_response
from .settings import label_settings

KIND = 'affinity'
SETTINGS = (
    'cam_store', 'out_dir', 'mask_dir', 'foreground', 'background', 'crf', 'resolution', 'scores',
    'max_size',
)  # fmt: skip


def label_params(settings: ConfigDict) -> AffinityLabelParams:
    """Read how the labels are computed.

    Args:
        settings (ConfigDict): The config's ``affinity_labels``, of which ``foreground``,
            ``background``, ``crf`` and ``resolution`` count here.

    Returns:
        AffinityLabelParams: The parameters.

    Raises:
        ImportError: If the CRF is asked for and pydensecrf is missing; says how to install it.
    """
    crf_settings = settings.get('crf', {})
    crf = None
    if crf_settings is not None:
        crf = crf_params(**{'settings': 'affinity_label', **crf_settings})
    resolution = settings.get('resolution', 'image')
    if crf is not None:
        check_crf(crf, resolution)
    return AffinityLabelParams(
        foreground=Background(**settings.get('foreground', dict(alpha=4))),
        background=Background(**settings.get('background', dict(alpha=32))),
        crf=crf,
        resolution=resolution,
    )


@dataclass(frozen=True)
class AffinityLabeller:
    """Makes the affinity label of one image. Picklable, for a pool.

    Attributes:
        store (CAMStore): The response maps.
        folder (LabelFolder): Where the label goes.
        params (AffinityLabelParams): How the label is computed.
        kept (AffinityScores, optional): Where the scores go that decide. Defaults to None: they
            are not kept.
        max_size (int, optional): Largest number of pixels on the long side at which it is computed;
            it has the size of the file. Defaults to None: the file's.
    """

    store: CAMStore
    folder: LabelFolder
    params: AffinityLabelParams
    kept: AffinityScores | None = None
    max_size: int | None = None

    def __call__(self, tagged: TaggedImage) -> None:
        """Write the label of one image.

        Args:
            tagged (TaggedImage): The image.
        """
        image, size = load_rgb(tagged.img_path, self.max_size, tagged.image_bits)
        response, notes = read_response(self.store, tagged, size)
        at_image = self.params.resolution == 'image'
        height, width = image.shape[:2]
        scores = response.resized((height, width)) if at_image else response.scores
        names = label_names(response.classes.numpy())
        sets = affinity_scores(image, scores.numpy(), self.params)
        if self.kept is not None:
            self.kept.write(tagged.img_id, sets, names, size)
        labels = certain_labels(sets[0], sets[1], names)
        if labels.shape != size:
            # Training averages these labels over cells: their edges need not be finer.
            labels = cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        self.folder.write(tagged.img_id, labels, notes)


def make_affinity_labels(
    cfg: Config, cams: str | None = None, out: str | None = None, workers: int | None = None
) -> dict | None:
    """Make the affinity labels that a config describes. Whole labels that are there are kept.

    Args:
        cfg (Config): A config with ``label_dataset`` and ``affinity_labels``, which
            docs/pseudo_labels.md describes.
        cams (str, optional): The CAMStore; replaces ``affinity_labels.cam_store``. Defaults to
            None.
        out (str, optional): Folder of the labels; replaces ``affinity_labels.out_dir``.
            Defaults to None.
        workers (int, optional): Processes of the pool. Defaults to None: see
            :func:`pool_size`.

    Returns:
        dict, optional: The scores of the labels, which ``report.json`` in the folder holds too.
        None where no image has a mask.

    Raises:
        ValueError: If labels that are there were made from something else.
        RuntimeError: If images failed; all others are done.
    """
    start_processes(cfg)
    settings = label_settings(cfg, 'affinity_labels', SETTINGS, cams, out)
    params = label_params(settings)
    images, metainfo = list_images(cfg.label_dataset, settings.get('mask_dir'))
    store = CAMStore.open(settings.cam_store, metainfo['classes'])
    recorded = asdict(params)
    max_size = settings.get('max_size')
    if max_size is not None:
        recorded['max_size'] = max_size
    with open_labels(settings.out_dir, KIND, store.classes, recorded) as folder:
        kept = _open_scores(folder) if settings.get('scores') else None
        pending = pending_images(images, folder, store, kept.has if kept else None)
        workers = pool_size(workers, len(pending))
        results = ordered_map(
            AffinityLabeller(store, folder, params, kept, max_size),
            pending,
            workers=workers,
            name_of=lambda image: image.img_id,
            on_error='return',
            description='affinity labels',
            progress=is_main_process(),
        )
        raise_failures(collect_failures(results), len(images))
    scores = measure_labels(folder, images, workers)
    return None if scores is None else _report(folder, images, scores)


def _open_scores(folder: LabelFolder) -> AffinityScores:
    call_on_main_process(lambda: AffinityScores.create(folder.root, folder.classes))
    return AffinityScores.open(folder.root)


def _report(folder: LabelFolder, images: Sequence[TaggedImage], scores: LabelScores) -> dict:
    """Write ``report.json`` on the main process and return it."""
    columns = scores.columns()
    del columns['IoU']  # says nothing of labels that are meant to be partial
    report = {
        'images': len(with_mask(images)),
        'accuracy': scores.accuracy,
        'coverage': scores.total_coverage,
        'classes': score_rows(folder.classes, columns),
    }
    if is_main_process():
        write_json(Path(folder.root, 'report.json'), report)
    return report


def report_table(report: dict) -> str:
    """Lay out the scores of affinity labels as text.

    Args:
        report (dict): What :func:`make_affinity_labels` returns.

    Returns:
        str: A title and a table with a row for each class.
    """
    title = (
        f'affinity labels of {report["images"]} images: {report["coverage"]:.1f} % of the '
        f'pixels labelled, {report["accuracy"]:.1f} % of them right'
    )
    return render_table(report['classes'], title)
