"""How good pseudo-labels are, before and after refinement, and what they look like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.dist import all_reduce, is_main_process
from PIL import Image

from mmwsss.datasets.masks import read_mask
from mmwsss.evaluation.cam_histogram import (
    SparseHistogram,
    class_scores,
    confusion_matrices,
    sum_histograms,
    threshold_histogram,
)
from mmwsss.evaluation.label_scores import LabelScores, score_rows
from mmwsss.process_pool import ordered_map
from mmwsss.structures import CAMStore, atomic_open, img_id_path
from mmwsss.structures.tables import render_table, write_csv, write_json
from mmwsss.visualization import color_labels, image_grid, label_legend

from .affinity_labels import measure_labels
from .label_jobs import TaggedImage, my_share, read_response
from .make import PseudoLabels

THRESHOLDS = 100


@dataclass(frozen=True)
class CAMCounter:
    """Counts one image's response maps against its mask at every threshold; picklable."""

    store: CAMStore

    def __call__(self, image: TaggedImage) -> SparseHistogram:
        """Return the histogram of ``threshold_histogram``."""
        truth = torch.from_numpy(read_mask(image.mask_path))
        response = read_response(self.store, image, truth.shape)
        grid = torch.arange(THRESHOLDS) / THRESHOLDS
        return threshold_histogram(response, truth, grid, len(self.store.classes))


def measure_cams(
    store: CAMStore, images: Sequence[TaggedImage], workers: int = 0
) -> tuple[dict[str, np.ndarray], float]:
    """Scores of the response maps at the threshold of the best mIoU, over all processes.

    Args:
        store: the response maps.
        images: of the whole dataset, one with a mask at least.
        workers: processes.

    Returns:
        scores (C + 1,) in percent by name, and the threshold.
    """
    parts = ordered_map(
        CAMCounter(store),
        my_share([image for image in images if image.mask_path]),
        workers=workers,
        name_of=lambda image: image.img_id,
        description='measure CAM',
        progress=is_main_process(),
    )
    histogram = torch.from_numpy(sum_histograms(list(parts), THRESHOLDS, len(store.classes)))
    all_reduce(histogram)
    confusion = confusion_matrices(histogram.numpy())
    best = int(np.nanmean(class_scores(confusion).iou, 1).argmax())
    scores = class_scores(confusion[best])
    columns = {'IoU': scores.iou, 'precision': scores.precision, 'recall': scores.recall}
    return {name: 100 * values for name, values in columns.items()}, best / THRESHOLDS


def report_pseudo_labels(labels: PseudoLabels, workers: int = 0) -> dict | None:
    """Measure response maps and pseudo-labels, and write ``report.json`` and ``report.csv``.

    Returns:
        the report, None where no image has a mask.
    """
    after = measure_labels(labels.folder, labels.images, workers)
    if after is None:
        return None
    before, threshold = measure_cams(labels.load.store, labels.images, workers)
    rows = score_rows(labels.folder.classes, _side_by_side(before, after))
    report = {
        'images': sum(image.mask_path is not None for image in labels.images),
        'threshold': threshold,
        'coverage': after.total_coverage,
        'classes': rows,
    }
    if is_main_process():
        write_json(Path(labels.folder.root, 'report.json'), report)
        write_csv(Path(labels.folder.root, 'report.csv'), rows)
    return report


def _side_by_side(before: Mapping[str, np.ndarray], after: LabelScores) -> dict[str, np.ndarray]:
    columns = {f'CAM {name}': values for name, values in before.items()}
    labelled = after.columns()
    if after.total_coverage == 100:
        del labelled['coverage']
    return columns | labelled


def report_table(report: dict) -> str:
    """The report of pseudo-labels as text."""
    title = (
        f'{report["images"]} images: CAM at its best threshold {report["threshold"]:g}, '
        f'pseudo-labels ({report["coverage"]:.1f} % of the pixels)'
    )
    return render_table(report['classes'], title)


def draw_pseudo_labels(labels: PseudoLabels, out_dir: str, max_images: int) -> None:
    """Draw photo, label before refinement, pseudo-label and, where there is one, truth.

    The first ``max_images`` images go to ``<out_dir>/<img_id>.jpg``.
    """
    for image in my_share(labels.images[:max_images]):
        panel = _draw(labels, image)
        with atomic_open(img_id_path(out_dir, image.img_id, '.jpg')) as file:
            Image.fromarray(panel).save(file, 'JPEG', quality=92, subsampling=0)


def _draw(labels: PseudoLabels, image: TaggedImage) -> np.ndarray:
    names, palette = labels.folder.classes, labels.metainfo.get('palette')
    scored = labels.load(image)
    masks = {'CAM': scored.labels(), 'pseudo-label': labels.folder.read(image.img_id)}
    if image.mask_path:
        masks['truth'] = read_mask(image.mask_path)
    tiles = {'photo': scored.image}
    tiles |= {name: color_labels(mask, palette) for name, mask in masks.items()}
    legend = label_legend(names, np.stack(list(masks.values())), palette)
    return image_grid([list(tiles.values())], list(tiles), title=image.img_id, legend=legend)
