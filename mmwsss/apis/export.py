"""Export of a model to ONNX, with its normalisation inside, and the check of what was written."""

import inspect
import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from torch import Tensor, nn

from mmwsss.models.classifiers import CAMClassifier
from mmwsss.structures import DataError, atomic_open
from mmwsss.version import __version__

TOLERANCE = 1e-4
OPSET = 17
# Sizes (H, W) of the images that are compared; the graph is traced at the first.
_SIZES = ((96, 128), (113, 90), (64, 201))
_INPUT = 'RGB image, values 0 to 255, float32 (N, 3, H, W); any H and W; no normalisation'


class ExportedModel(NamedTuple):
    """What an export has written.

    Attributes:
        path (str): The file.
        outputs (tuple[str, ...]): Names of the outputs.
        difference (float): Largest difference between onnxruntime and PyTorch over all outputs and
            compared images, relative to an output's largest value where that exceeds 1.
    """

    path: str
    outputs: tuple[str, ...]
    difference: float


class _Normalized(nn.Module):
    """A model that takes RGB images of 0 to 255 and normalises them itself."""

    outputs: tuple[str, ...]
    mean: Tensor
    std: Tensor

    def __init__(self, model: BaseModel, to_rgb: bool) -> None:
        super().__init__()
        self.model = model
        self.to_rgb = to_rgb
        preprocessor = model.data_preprocessor
        self.register_buffer('mean', preprocessor.mean.clone()[None])
        self.register_buffer('std', preprocessor.std.clone()[None])

    def normalize(self, image: Tensor) -> Tensor:
        ordered = image if self.to_rgb else image.flip(1)
        return (ordered - self.mean) / self.std


class NormalizedSegmentor(_Normalized):
    """A segmentor that takes RGB images and gives the probabilities of the labels.

    Args:
        model (EncoderDecoder): The segmentor, in evaluation mode.
    """

    outputs = ('probabilities',)

    def __init__(self, model: EncoderDecoder) -> None:
        super().__init__(model, model.data_preprocessor._channel_conversion)
        if model.test_cfg.get('mode', 'whole') != 'whole':
            raise DataError(
                "model.test_cfg.mode is 'slide', which no graph holds; export with mode='whole'"
            )
        settings = model.data_preprocessor.test_cfg or {}
        self.divisor = settings.get('size_divisor') or 1
        if settings.get('size'):
            raise DataError(
                'data_preprocessor.test_cfg.size pads to a fixed size; export with size_divisor'
            )
        self.pad_value = float(model.data_preprocessor.pad_val)

    def forward(self, image: Tensor) -> Tensor:
        """Predict.

        Args:
            image (Tensor): RGB images of 0 to 255, shape (N, 3, H, W).

        Returns:
            Tensor: Probabilities of background and each class, shape (N, 1 + C, H, W).
        """
        height, width = image.shape[2:]
        padding = (0, -width % self.divisor, 0, -height % self.divisor)
        padded = F.pad(self.normalize(image), padding, value=self.pad_value)
        logits = self.model.encode_decode(padded, [dict(img_shape=padded.shape[2:])])
        return logits[:, :, :height, :width].softmax(1)


class NormalizedClassifier(_Normalized):
    """A classifier that takes RGB images and gives scores and class maps.

    Args:
        model (CAMClassifier): The classifier, in evaluation mode.
    """

    outputs = ('scores', 'class_maps')

    def __init__(self, model: CAMClassifier) -> None:
        super().__init__(model, model.data_preprocessor.to_rgb)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Predict.

        Args:
            image (Tensor): RGB images of 0 to 255, shape (N, 3, H, W).

        Returns:
            tuple[Tensor, Tensor]: Probability of each class, shape (N, C), and class maps before
            ReLU and normalisation (2.1), of one view, shape (N, C, h, w).
        """
        maps = self.model.class_maps(self.normalize(image))
        return maps.mean((2, 3)).sigmoid(), maps


def export_onnx(
    model: BaseModel, out: str | os.PathLike, tolerance: float = TOLERANCE
) -> ExportedModel:
    """Export a classifier or a segmentor to ONNX, and compare onnxruntime with PyTorch.

    Args:
        model (BaseModel): Result of :func:`init_model`; moved to the CPU.
        out (str | os.PathLike): The file, which appears only if the comparison holds. Its metadata
            names ``classes`` and ``input``.
        tolerance (float): Largest difference that is accepted, see :class:`ExportedModel`.
            Defaults to 1e-4.

    Returns:
        ExportedModel: What was written.

    Raises:
        ImportError: If onnx or onnxruntime is not installed.
        DataError: If the model cannot be exported, or the outputs differ by more.
    """
    onnx, runtime = _packages()
    wrapped = _wrap(model.cpu().eval())
    content = _metadata(onnx, _trace(wrapped), model.dataset_meta['classes'], wrapped)
    session = runtime.InferenceSession(content, providers=['CPUExecutionProvider'])
    difference = max(_difference(session, wrapped, size) for size in _SIZES)
    if not difference <= tolerance:  # NaN too
        raise DataError(
            f'{out}: onnxruntime differs from PyTorch by {difference:.2g}, more than '
            f'{tolerance:g}; not written'
        )
    with atomic_open(out) as file:
        file.write(content)
    return ExportedModel(os.fspath(out), wrapped.outputs, difference)


def _packages() -> tuple:
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            f'{error.name} is not installed, which export needs: pip install onnx onnxruntime'
        ) from error
    return onnx, onnxruntime


def _wrap(model: BaseModel) -> NormalizedSegmentor | NormalizedClassifier:
    if isinstance(model, CAMClassifier):
        return NormalizedClassifier(model).eval()
    if isinstance(model, EncoderDecoder):
        return NormalizedSegmentor(model).eval()
    kind = 'segmentor' if isinstance(model, BaseSegmentor) else 'model'
    raise DataError(
        f'{type(model).__name__}: a {kind} that export does not know; it exports CAMClassifier and '
        'EncoderDecoder'
    )


def _trace(wrapped: NormalizedSegmentor | NormalizedClassifier) -> bytes:
    axes: Mapping[str, dict[int, str]] = {
        'image': {0: 'N', 2: 'H', 3: 'W'},
        'probabilities': {0: 'N', 2: 'H', 3: 'W'},
        'scores': {0: 'N'},
        'class_maps': {0: 'N', 2: 'h', 3: 'w'},
    }
    names = ('image', *wrapped.outputs)
    # The tracing exporter, which every supported PyTorch has; newer ones take another by default.
    parameters = inspect.signature(torch.onnx.export).parameters
    options: dict[str, Any] = {'dynamo': False} if 'dynamo' in parameters else {}
    with TemporaryDirectory() as folder, torch.no_grad():
        path = Path(folder, 'model.onnx')
        torch.onnx.export(
            wrapped,
            (_noise(_SIZES[0]),),
            str(path),
            input_names=['image'],
            output_names=list(wrapped.outputs),
            dynamic_axes={name: axes[name] for name in names},
            opset_version=OPSET,
            **options,
        )
        return path.read_bytes()


def _metadata(
    onnx,
    content: bytes,
    classes: tuple[str, ...],
    wrapped: NormalizedSegmentor | NormalizedClassifier,
) -> bytes:
    graph = onnx.load_from_string(content)
    onnx.checker.check_model(graph)
    values = {
        'classes': json.dumps(list(classes), ensure_ascii=False),
        'input': _INPUT,
        'producer': f'mmwsss {__version__}',
    }
    onnx.helper.set_model_props(graph, values)
    return graph.SerializeToString()


def _noise(size: tuple[int, int]) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand((2, 3, *size), generator=generator) * 255


def _difference(session, wrapped: nn.Module, size: tuple[int, int]) -> float:
    """Return the largest difference of any output for noise of one size."""
    image = _noise(size)
    with torch.no_grad():
        outputs = wrapped(image)
    expected = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    found = session.run(None, {'image': image.numpy()})
    return max(
        float(np.abs(one - other.numpy()).max() / max(1.0, other.abs().max().item()))
        for one, other in zip(found, expected)
    )
