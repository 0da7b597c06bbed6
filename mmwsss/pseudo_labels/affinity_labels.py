"""Affinity labels of a dataset: from a CAMStore to a folder of PNGs, and how good they are."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config, ConfigDict
from mmengine.dist import all_reduce, is_main_process
from torch import from_numpy

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.masks import read_mask
from mmwsss.evaluation.label_scores import LabelScores, label_confusion, score_rows
from mmwsss.main_process import call_on_main_process
from mmwsss.process_pool import ordered_map
from mmwsss.refinement.affinity_labels import AffinityLabelParams, affinity_labels
from mmwsss.refinement.background import Background
from mmwsss.refinement.dense_crf import check_crf
from mmwsss.refinement.refiners.crf import crf_params
from mmwsss.structures import CAMStore
from mmwsss.structures.tables import render_table, write_json

from .label_jobs import (
    TaggedImage,
    collect_failures,
    job_config,
    list_images,
    load_rgb,
    my_share,
    raise_failures,
    read_response,
    start,
    usable_workers,
)
from .label_sources import made_from, pending_images

KIND = 'affinity'
SETTINGS = (
    'cam_store', 'out_dir', 'mask_dir', 'foreground', 'background', 'crf', 'resolution',
)  # fmt: skip


def label_params(job: ConfigDict) -> AffinityLabelParams:
    """Settings of a config's ``affinity_labels``: ``foreground``, ``background``, ``crf``.

    Raises:
        ImportError: the CRF needs pydensecrf, which is missing; says how to install it.
    """
    settings = job.get('crf', {})
    crf = None if settings is None else crf_params(**{'settings': 'affinity_label', **settings})
    resolution = job.get('resolution', 'image')
    if crf is not None:
        check_crf(crf, resolution)
    return AffinityLabelParams(
        foreground=Background(**job.get('foreground', dict(alpha=4))),
        background=Background(**job.get('background', dict(alpha=32))),
        crf=crf,
        resolution=resolution,
    )


@dataclass(frozen=True)
class AffinityLabeller:
    """Labels one image; picklable, so that it works in a pool.

    Attributes:
        store: response maps.
        folder: where the label goes.
        params: settings.
    """

    store: CAMStore
    folder: LabelFolder
    params: AffinityLabelParams

    def __call__(self, sample: TaggedImage) -> None:
        """Write the image's label."""
        source = made_from(self.store, sample.img_id, sample.labels)
        image = load_rgb(sample.img_path)
        response = read_response(self.store, sample, image.shape[:2])
        at_image = self.params.resolution == 'image'
        scores = (response.resized() if at_image else response.scores).numpy()
        labels = affinity_labels(image, scores, response.classes.numpy(), self.params)
        if not at_image:
            labels = cv2.resize(labels, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        self.folder.write(sample.img_id, labels, source)


@dataclass(frozen=True)
class LabelCounter:
    """Counts one image's labels against its mask; picklable."""

    folder: LabelFolder

    def __call__(self, image: TaggedImage) -> np.ndarray:
        """Return the confusion of ``label_confusion``."""
        labels = self.folder.read(image.img_id)
        return label_confusion(labels, read_mask(image.mask_path), len(self.folder.classes))


def measure_labels(
    folder: LabelFolder, images: Sequence[TaggedImage], workers: int = 0
) -> LabelScores | None:
    """Scores of the labels of all images that have a mask, over all processes.

    Args:
        folder: the labels.
        images: of the whole dataset.
        workers: processes.
    """
    shown = [image for image in images if image.mask_path]
    if not shown:
        return None
    classes = len(folder.classes)
    total = np.zeros((classes + 1, classes + 2), np.int64)
    counts = ordered_map(
        LabelCounter(folder),
        my_share(shown),
        workers=workers,
        name_of=lambda image: image.img_id,
        description='measure',
        progress=is_main_process(),
    )
    for count in counts:
        total += count
    total = from_numpy(total)
    all_reduce(total)
    return LabelScores.from_confusion(total.numpy())


def make_affinity_labels(
    cfg: Config, cams: str | None = None, out: str | None = None, workers: int | None = None
) -> dict | None:
    """Make the affinity labels that a config describes; what is there whole is left as it is.

    Args:
        cfg: with ``label_dataset`` and ``affinity_labels``, see docs/pseudo_labels.md.
        cams: the CAMStore, in place of ``affinity_labels.cam_store``.
        out: the folder, in place of ``affinity_labels.out_dir``.
        workers: processes; None: see ``usable_workers``.

    Returns:
        the report that ``report.json`` in the folder holds, None where no image has a mask.

    Raises:
        ValueError: labels that are there were made from something else.
        RuntimeError: images failed; the others are done.
    """
    start(cfg)
    job = job_config(cfg, 'affinity_labels', SETTINGS, cams, out)
    params = label_params(job)
    images, metainfo = list_images(cfg.label_dataset, job.get('mask_dir'))
    store = CAMStore.open(job.cam_store, metainfo['classes'])
    call_on_main_process(
        lambda: LabelFolder.create(job.out_dir, KIND, store.classes, asdict(params))
    )
    folder = LabelFolder.open(job.out_dir, KIND, store.classes)
    pending = pending_images(images, folder, store)
    workers = usable_workers(workers, len(pending))
    results = ordered_map(
        AffinityLabeller(store, folder, params),
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


def _report(folder: LabelFolder, images: Sequence[TaggedImage], scores: LabelScores) -> dict:
    """Write ``report.json`` on the main process and return it."""
    columns = scores.columns()
    del columns['IoU']  # says nothing of labels that are meant to be partial
    report = {
        'images': sum(image.mask_path is not None for image in images),
        'accuracy': scores.accuracy,
        'coverage': scores.total_coverage,
        'classes': score_rows(folder.classes, columns),
    }
    if is_main_process():
        write_json(Path(folder.root, 'report.json'), report)
    return report


def report_table(report: dict) -> str:
    """The report of affinity labels as text."""
    title = (
        f'affinity labels of {report["images"]} images: {report["coverage"]:.1f} % of the '
        f'pixels labelled, {report["accuracy"]:.1f} % of them right'
    )
    return render_table(report['classes'], title)
