"""Image classifiers that predict response maps."""

from .cam_classifier import CAMClassifier
from .cam_settings import CAMTestCfg
from .data_preprocessor import CAMDataPreprocessor
from .multi_scale import CAMViews, normalize_by_maximum, views_cam

__all__ = [
    'CAMClassifier',
    'CAMDataPreprocessor',
    'CAMTestCfg',
    'CAMViews',
    'normalize_by_maximum',
    'views_cam',
]
