"""Hooks of mmwsss."""

from .cam_store import CAMStoreHook
from .cam_visualization import CAMVisualizationHook
from .finite_loss import FiniteLossHook
from .fused_batch_norm import FusedBatchNormHook
from .iteration_seed import IterationSeedHook
from .loaded_weights import LoadedWeightsHook
from .metrics_file import MetricsFileHook
from .pixel_weights import PixelWeightsHook
from .sub_category_clustering import SubCategoryClusteringHook

__all__ = [
    'CAMStoreHook',
    'CAMVisualizationHook',
    'FiniteLossHook',
    'FusedBatchNormHook',
    'IterationSeedHook',
    'LoadedWeightsHook',
    'MetricsFileHook',
    'PixelWeightsHook',
    'SubCategoryClusteringHook',
]
