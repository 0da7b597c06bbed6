"""mmseg's ResNet with the stem of DeepLab-v2."""

from mmseg.models.backbones import ResNet

from mmwsss.registry import MODELS


@MODELS.register_module()
class DeepLabResNet(ResNet):
    """mmseg's ``ResNet``, with the max-pooling of the published DeepLab-v2.

    The published network rounds the size of the pooled map up (``ceil_mode``), mmseg's rounds it
    down. A side of 240 pixels has 31 cells at stride 8 in the one and 30 in the other; sides of
    8 n + 1 pixels, as the crop of 321, have n + 1 in both.

    Args:
        *args: Arguments of mmseg's ``ResNet``.
        ceil_mode (bool): Whether max-pooling rounds sizes up. Defaults to True.
        **kwargs: Arguments of mmseg's ``ResNet``.
    """

    def __init__(self, *args, ceil_mode: bool = True, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.maxpool.ceil_mode = ceil_mode
