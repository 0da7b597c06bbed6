"""Head of DeepLab-v2: atrous spatial pyramid of classifiers (Chen et al. 2018)."""

from collections.abc import Sequence

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from mmwsss.registry import MODELS


class DilatedClassifiers(nn.ModuleList):
    """3×3 convolutions to class scores, one for each dilation, whose outputs are summed."""

    def __init__(self, in_channels: int, out_channels: int, dilations: Sequence[int]) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 3, padding=rate, dilation=rate)
            for rate in dilations
        )

    def forward(self, feature_map: Tensor) -> Tensor:
        """(N, in_channels, h, w) → (N, out_channels, h, w)."""
        return sum(classifier(feature_map) for classifier in self)


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """Sum of dilated 3×3 classifiers on one feature map: the ASPP-L of DeepLab-v2.

    Weights start from N(0, 0.01), biases from 0. The classifiers are ``conv_seg.0`` to
    ``conv_seg.3``, after which a config names their learning rates.

    Args:
        in_channels: Channels of the feature map.
        num_classes: Number of classes, background included.
        dilations: Dilation of each classifier. Defaults to the published ones, which belong to
            output stride 8; at stride 16 the halves see the same part of the image.
        dropout_ratio: Channel dropout before the classifiers. Defaults to 0, as published.
        **kwargs: Arguments of mmseg's ``BaseDecodeHead``: loss_decode, ignore_index, in_index, …
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        dilations: Sequence[int] = (6, 12, 18, 24),
        dropout_ratio: float = 0.0,
        **kwargs,
    ) -> None:
        super().__init__(
            in_channels,
            channels=in_channels,
            num_classes=num_classes,
            dropout_ratio=dropout_ratio,
            **kwargs,
        )
        self.conv_seg = DilatedClassifiers(in_channels, self.out_channels, dilations)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Feature maps of the backbone → scores (N, num_classes, h, w)."""
        return self.cls_seg(self._transform_inputs(inputs))
