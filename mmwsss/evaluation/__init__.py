"""Measures of response maps and masks."""

from .cam_metric import CAMMetric
from .crf_iou_metric import CRFIoUMetric
from .mask_iou_metric import MaskIoUMetric

__all__ = ['CAMMetric', 'CRFIoUMetric', 'MaskIoUMetric']
