"""Quality of response maps as segmentations, over all background thresholds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from prettytable import PrettyTable

from mmwsss.datasets.mask_check import MaskCounts, tag_findings
from mmwsss.registry import METRICS
from mmwsss.structures import IGNORED, ResponseMap

from .cam_histogram import (
    class_scores,
    confusion_matrices,
    sum_histograms,
    threshold_histogram,
)
from .curve_file import write_curves
from .truth import require_true_classes


@METRICS.register_module()
class CAMMetric(BaseMetric):
    """mIoU, precision, recall and F-score of response maps (CAM) at every background threshold.

    Maps are resized bilinearly to the original image; a pixel takes the present class of the
    highest score, or background where that score is <= threshold. The mean is over the C
    foreground classes and the background, over all images' pixels together (VOC); a class absent
    from truth and prediction is left out (``nanmean``, as mmseg does), a class that is predicted
    but never true counts as 0. Metrics are percentages, thresholds are not:

    - ``mIoU``, ``threshold``: the best mean IoU and where it is (the lowest threshold on a tie);
    - ``precision``, ``recall``: class means there; ``F``: their harmonic mean 2PR/(P+R);
    - ``mFscore``: mean of the classes' F-scores there, mmseg's definition;
    - ``mIoU_fixed``: mean IoU at ``fixed_threshold``;
    - ``IoU/<class>`` with ``classwise``.

    Table 3.2 of the thesis must be ``F``: by concavity a mean of classes' F-scores is at most
    2 mIoU / (1 + mIoU), and its entries (mIoU 46.8, F 65.1) exceed that.

    Args:
        thresholds (int | Sequence[float]): Number n of thresholds i / n, i = 0 ... n - 1, or the
            thresholds themselves, in [0, 1). Defaults to 100.
        fixed_threshold (float): Threshold of ``mIoU_fixed``. Defaults to 0.2, as in the published
            code of PSA and SC-CAM.
        ignore_index (int): Label in a mask of pixels that do not count. Defaults to 255.
        classwise (bool): Whether to report every class's IoU as a metric too (the table always has
            it). Defaults to False.
        curve_file (str, optional): JSON file for the scores at every threshold. Defaults to None:
            not written.
        collect_device (str): See mmengine's BaseMetric. Defaults to 'cpu'.
        prefix (str, optional): See mmengine's BaseMetric. Defaults to 'cam'.
        collect_dir (str, optional): See mmengine's BaseMetric.
    """

    default_prefix = 'cam'

    def __init__(
        self,
        thresholds: int | Sequence[float] = 100,
        fixed_threshold: float = 0.2,
        ignore_index: int = IGNORED,
        classwise: bool = False,
        curve_file: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        if isinstance(thresholds, int):
            if thresholds < 1:
                raise ValueError(f'CAMMetric: {thresholds} thresholds, at least 1 is needed')
            thresholds = [i / thresholds for i in range(thresholds)]
        grid = sorted({*map(float, thresholds), float(fixed_threshold)})
        if not (grid[0] >= 0 and grid[-1] < 1):
            raise ValueError(f'CAMMetric: thresholds span {grid[0]} to {grid[-1]}, not [0, 1)')
        self.thresholds = torch.tensor(grid, dtype=torch.float32)
        self.grid = grid
        self.fixed = grid.index(float(fixed_threshold))
        self.ignore_index = ignore_index
        self.classwise = classwise
        self.curve_file = curve_file

    @property
    def num_classes(self) -> int:
        """Number of foreground classes."""
        return len(self.dataset_meta['classes'])

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Add a sparse histogram of each image to ``self.results``.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Predictions with ``cam``, ``cam_classes``,
                ``gt_seg_map``, ``ori_shape`` and ``img_id``.

        Raises:
            ValueError: If an image has no mask, or its mask does not fit.
        """
        for sample in data_samples:
            response = ResponseMap.from_sample(sample)
            if sample.get('gt_seg_map') is None:
                raise ValueError(
                    f'no mask (gt_seg_map) for {response.img_id!r}: give the dataset its masks, '
                    'or set val_evaluator / test_evaluator to [] to go without CAMMetric'
                )
            histogram = threshold_histogram(
                response,
                torch.as_tensor(sample['gt_seg_map']),
                self.thresholds,
                self.num_classes,
                self.ignore_index,
            )
            tags = sample.get('gt_label')
            tags = None if tags is None else torch.as_tensor(tags).cpu().numpy()
            self.results.append((*histogram, response.img_id, tags))

    def compute_metrics(self, results: list[tuple]) -> dict[str, float]:
        """Compute the metrics of all images, and log them as a table.

        Where tags and masks contradict each other, a warning says so.

        Args:
            results (list[tuple]): Of each image its histogram, two arrays, its id and its tags.

        Returns:
            dict[str, float]: The metrics, see the class.

        Raises:
            ValueError: If no image has a labelled pixel.
            DataError: If no mask shows a class.
        """
        total = sum_histograms([x[:2] for x in results], len(self.grid), self.num_classes)
        if not total.any():
            raise ValueError('CAMMetric: no image has a labelled pixel: check the masks')
        confusion = confusion_matrices(total)
        require_true_classes(confusion[0].sum(1))
        self._doubt_tags(results)
        scores = class_scores(confusion)
        iou, precision, recall, f_score = (100 * score for score in scores)
        mean_iou = np.nanmean(iou, axis=1)
        best = int(np.argmax(mean_iou))
        mean_precision, mean_recall = np.nanmean(precision, axis=1), np.nanmean(recall, axis=1)
        harmonic = _harmonic_mean(mean_precision, mean_recall)
        curves = {
            'mIoU': mean_iou,
            'precision': mean_precision,
            'recall': mean_recall,
            'F': harmonic,
            'mFscore': np.nanmean(f_score, axis=1),
        }
        metrics = {name: float(curve[best]) for name, curve in curves.items()}
        metrics['threshold'] = self.grid[best]
        metrics['mIoU_fixed'] = float(mean_iou[self.fixed])
        names = ('background', *self.dataset_meta['classes'])
        if self.classwise:
            metrics |= {f'IoU/{name}': float(value) for name, value in zip(names, iou[best])}
        self._log_table(
            names, iou[self.fixed], [x[best] for x in (iou, precision, recall, f_score)], metrics
        )
        if self.curve_file is not None:
            write_curves(self.curve_file, self.grid, curves, dict(zip(names, iou.T)))
        return metrics

    def _doubt_tags(self, results: list[tuple]) -> None:
        """Warn of masks whose classes are not those of the tags: the scores then mean little."""
        masks = [
            MaskCounts(
                img_id,
                np.bincount(cells % (self.num_classes + 1), counts, 256),
                None if tags is None else frozenset(tags.tolist()),
            )
            for cells, counts, img_id, tags in results
        ]
        found = tag_findings(masks, self.dataset_meta['classes'], 'CAMMetric')
        for line in [*found.faults, *found.warnings]:
            MMLogger.get_current_instance().warning(line)

    def _log_table(
        self,
        names: Sequence[str],
        iou_fixed: np.ndarray,
        best: Sequence[np.ndarray],
        metrics: dict[str, float],
    ) -> None:
        """Log the scores of each class and their means, in percent."""
        fixed = self.grid[self.fixed]
        table = PrettyTable(['class', 'IoU', 'precision', 'recall', 'F', f'IoU at {fixed:g}'])
        table.align = 'r'
        table.align['class'] = 'l'
        for row in zip(names, *best, iou_fixed):
            table.add_row([row[0], *(f'{value:.1f}' for value in row[1:])])
        table.add_divider()
        means = [metrics[key] for key in ('mIoU', 'precision', 'recall', 'F', 'mIoU_fixed')]
        table.add_row(['mean', *(f'{value:.1f}' for value in means)])
        MMLogger.get_current_instance().info(
            f'response maps at threshold {metrics["threshold"]:g}, the best for mIoU '
            f'(F of the mean: from mean precision and recall; mean F {metrics["mFscore"]:.1f})\n'
            f'{table.get_string()}'
        )


def _harmonic_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return 2ab / (a + b), 0 where both are 0."""
    return 2 * a * b / np.where(a + b > 0, a + b, 1)
