"""mIoU of predicted masks, which are written as indexed PNGs on request."""

import os.path as osp
from collections.abc import Sequence

import numpy as np
from mmseg.evaluation import IoUMetric

from mmwsss.datasets.label_folder import LabelFolder
from mmwsss.registry import METRICS

from .truth import require_true_classes


@METRICS.register_module()
class MaskIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric`` that writes predictions as the VOC test server takes them.

    ``output_dir`` gets an indexed PNG with VOC's colours for every image, ``<img_id>.png`` (mmseg
    writes gray ones, by the image's file name alone). Each appears whole or not at all.

    Args:
        *args: Arguments of ``IoUMetric``: output_dir, format_only, iou_metrics, prefix, …
        classwise (bool): Whether to report every class's IoU as the metric ``IoU/<class>`` too
            (the table always has it). Defaults to False.
        **kwargs: Arguments of ``IoUMetric``.
    """

    default_prefix = ''  # its metrics have plain names: mIoU, aAcc

    def __init__(self, *args, classwise: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.classwise = classwise
        if self.format_only and not self.output_dir:
            raise ValueError('format_only without output_dir writes nothing; test with --out DIR')

    def process(self, data_batch: dict | None, data_samples: Sequence[dict]) -> None:
        """Measure the predictions of a batch, and write their masks if asked to.

        Args:
            data_batch (dict, optional): Not used.
            data_samples (Sequence[dict]): Predictions with ``pred_sem_seg`` and, unless
                ``format_only``, ``gt_sem_seg``.
        """
        classes = self.dataset_meta['classes']
        for sample in data_samples:
            prediction = sample['pred_sem_seg']['data']
            prediction = prediction.reshape(prediction.shape[-2:])
            if self.output_dir is not None:
                folder = LabelFolder(self.output_dir, 'prediction', classes[1:])
                folder.write(_img_id(sample), prediction.cpu().numpy().astype(np.uint8))
            if not self.format_only:
                truth = sample['gt_sem_seg']['data'].reshape(prediction.shape).to(prediction)
                self.results.append(
                    self.intersect_and_union(prediction, truth, len(classes), self.ignore_index)
                )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the metrics.

        Args:
            results (list): Areas of intersection and union of each image.

        Returns:
            dict[str, float]: The metrics; NaN for a class that is neither true nor predicted.

        Raises:
            DataError: If no mask shows a class.
        """
        if not self.format_only:
            require_true_classes(sum(label for *_, label in results).numpy())
        metrics = super().compute_metrics(results)
        if self.classwise and not self.format_only:
            intersect, union, *_ = (sum(areas) for areas in zip(*results))
            names = self.dataset_meta['classes']
            iou = (100 * intersect / union).tolist()
            metrics |= {f'IoU/{name}': value for name, value in zip(names, iou)}
        return metrics


def _img_id(sample: dict) -> str:
    return sample.get('img_id') or osp.splitext(osp.basename(sample['img_path']))[0]
