"""Measures of response maps and masks."""

from .cam_metric import CAMMetric

__all__ = ['CAMMetric']
