"""ConvNeXt whose output stride can be chosen."""

from mmcv.cnn.bricks import Conv2dAdaptivePadding
from mmpretrain.models.backbones import ConvNeXt
from torch import nn

from mmwsss.registry import MODELS


def _covering(conv: nn.Conv2d, stride: int, dilation: int = 1) -> Conv2dAdaptivePadding:
    """Copy the shape of a convolution into one that pads inputs that its stride does not divide."""
    return Conv2dAdaptivePadding(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        stride=stride,
        dilation=dilation,
        bias=conv.bias is not None,
    )


@MODELS.register_module()
class DilatedConvNeXt(ConvNeXt):
    """mmpretrain's ConvNeXt with dilation in place of its late strides.

    mmpretrain's weights fit. The feature maps cover the whole image, ceil(size / stride) cells,
    where ConvNeXt drops the pixels that do not fill a cell.

    Args:
        output_stride (int): Pixels per cell of the last feature map: 32 (as trained), 16 or 8.
            Defaults to 16.
        gap_before_final_norm (bool): Whether to return the mean of the feature map in place of the
            map. Defaults to False.
        **kwargs: Arguments of mmpretrain's ``ConvNeXt``.

    Raises:
        ValueError: If the output stride is another one.
    """

    def __init__(
        self, *args, output_stride: int = 16, gap_before_final_norm: bool = False, **kwargs
    ) -> None:
        if output_stride not in (8, 16, 32):
            raise ValueError(
                f'DilatedConvNeXt: output_stride must be 8, 16 or 32, not {output_stride}'
            )
        super().__init__(*args, gap_before_final_norm=gap_before_final_norm, **kwargs)
        stem = self.downsample_layers[0]
        stride, dilation = stem[0].stride[0], 1
        stem[0] = _covering(stem[0], stride)
        for downsample, stage in zip(self.downsample_layers[1:], self.stages[1:]):
            if stride == output_stride:
                downsample[1] = _covering(downsample[1], 1, dilation)
                dilation *= 2
            else:
                downsample[1] = _covering(downsample[1], 2)
                stride *= 2
            for block in stage:
                conv = block.depthwise_conv
                conv.dilation = (dilation, dilation)
                conv.padding = tuple(dilation * (size // 2) for size in conv.kernel_size)
        self._freeze_stages()
