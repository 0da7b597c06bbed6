"""The Python interface: masks from tags, trained models, and inference on images."""

from mmwsss.masks import MasksMade, make_masks

from .cam_inferencer import CAMInferencer
from .export import export_onnx
from .model import find_model, init_model
from .results import CAMResult, InferenceResults, SegResult
from .segmentation import SegInferencer

__all__ = [
    'CAMInferencer',
    'CAMResult',
    'InferenceResults',
    'MasksMade',
    'SegInferencer',
    'SegResult',
    'export_onnx',
    'find_model',
    'init_model',
    'make_masks',
]
