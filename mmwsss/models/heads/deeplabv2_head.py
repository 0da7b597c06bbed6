"""Head of DeepLab-v2: dilated classifiers side by side (Chen et al. 2018)."""

from collections.abc import Sequence

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from mmwsss.registry import MODELS


class DilatedClassifiers(nn.ModuleList):
    """Sums class scores of 3×3 convolutions with different dilations.

    Args:
        in_channels (int): Channels of the feature map.
        out_channels (int): Number of classes.
        dilations (Sequence[int]): The dilation of each convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, dilations: Sequence[int]) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 3, padding=rate, dilation=rate)
            for rate in dilations
        )

    def forward(self, feature_map: Tensor) -> Tensor:
        """Classify every cell.

        Args:
            feature_map (Tensor): Shape (N, in_channels, h, w).

        Returns:
            Tensor: Scores, shape (N, out_channels, h, w).
        """
        return sum(classifier(feature_map) for classifier in self)


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """The ASPP-L head of DeepLab-v2: the sum of dilated 3×3 classifiers on one feature map.

    Weights start from N(0, 0.01), biases from 0. The classifiers are named ``conv_seg.0`` to
    ``conv_seg.3``; configs set their learning rates by these names.

    Args:
        in_channels (int): Channels of the feature map.
        num_classes (int): Number of classes, including the background.
        dilations (Sequence[int]): Dilation of each classifier. Defaults to the published
            (6, 12, 18, 24), which belong to output stride 8; at stride 16 half of each sees the
            same part of the image.
        dropout_ratio (float): Probability of dropping a channel before the classifiers. Defaults to
            0, as published.
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
        """Classify every cell of a feature map.

        Args:
            inputs (Sequence[Tensor]): Feature maps of the backbone.

        Returns:
            Tensor: Scores, shape (N, num_classes, h, w).
        """
        return self.cls_seg(self._transform_inputs(inputs))
