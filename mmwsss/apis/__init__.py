"""The Python interface: a model of a config and a checkpoint, and inference on images."""

from .cam import CAMInferencer
from .export import export_onnx
from .model import find_model, init_model
from .results import CAMResult, InferenceResults, SegResult
from .segmentation import SegInferencer

__all__ = [
    'CAMInferencer',
    'CAMResult',
    'InferenceResults',
    'SegInferencer',
    'SegResult',
    'export_onnx',
    'find_model',
    'init_model',
]
