"""ResNet-38: the wide ResNet "A1" that most published work on CAM uses, at output stride 8.

Z. Wu, C. Shen, A. van den Hengel: Wider or deeper: revisiting the ResNet model for visual
recognition. Parameters are named as in the checkpoints that PSA and SC-CAM publish.
"""

from collections.abc import Sequence

from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from mmwsss.registry import MODELS

TAPS = ('conv4', 'conv5', 'conv6')


def _norm(norm_cfg: dict, channels: int) -> nn.Module:
    return build_norm_layer(norm_cfg, channels)[1]


def _conv(inputs: int, outputs: int, size: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    padding = dilation * (size // 2)
    return nn.Conv2d(inputs, outputs, size, stride, padding, dilation, bias=False)


class PreActivationBlock(BaseModule):
    """Base class of residual blocks with batch normalisation and ReLU before each convolution.

    The shortcut is a 1x1 convolution *after* the first normalisation and ReLU where the shape
    changes, and the block's input elsewhere.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        stride (int): Stride of the block.
        norm_cfg (dict): Config of the normalisation layers.
    """

    conv_branch1: nn.Module | None

    def __init__(self, in_channels: int, out_channels: int, stride: int, norm_cfg: dict) -> None:
        super().__init__()
        self.bn_branch2a = _norm(norm_cfg, in_channels)
        same_shape = in_channels == out_channels and stride == 1
        self.conv_branch1 = None if same_shape else _conv(in_channels, out_channels, 1, stride)

    def residual(self, entry: Tensor) -> Tensor:
        """Apply the convolutions of the residual branch.

        Args:
            entry (Tensor): The block's input after batch normalisation and ReLU, (N, C, H, W).

        Returns:
            Tensor: The residual, shape (N, D, h, w).
        """
        raise NotImplementedError

    def forward(self, x: Tensor, with_cp: bool = False) -> tuple[Tensor, Tensor]:
        """Run the block.

        Args:
            x (Tensor): Shape (N, C, H, W).
            with_cp (bool): Whether to recompute the block in the backward pass. Defaults to False.

        Returns:
            tuple[Tensor, Tensor]: The block's output, and its input after batch normalisation and
            ReLU, which is a tap of the network.
        """
        if with_cp and x.requires_grad:
            # Within the block, as mmpretrain does: hooks on it are not part of what is recomputed.
            return checkpoint(self._run, x, use_reentrant=False)
        return self._run(x)

    def _run(self, x: Tensor) -> tuple[Tensor, Tensor]:
        entry = F.relu(self.bn_branch2a(x), inplace=True)
        shortcut = x if self.conv_branch1 is None else self.conv_branch1(entry)
        return shortcut + self.residual(entry), entry


class BasicBlock(PreActivationBlock):
    """Residual block of two 3x3 convolutions.

    Args:
        in_channels (int): Channels of the input.
        mid_channels (int): Channels between the convolutions.
        out_channels (int): Channels of the output.
        stride (int): Stride of the first convolution. Defaults to 1.
        dilations (tuple[int, int]): Dilations of the first and the second convolution. Defaults to
            (1, 1).
        norm_cfg (dict): Config of the normalisation layers.
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int = 1,
        dilations: tuple[int, int] = (1, 1),
        *,
        norm_cfg: dict,
    ) -> None:
        super().__init__(in_channels, out_channels, stride, norm_cfg)
        self.conv_branch2a = _conv(in_channels, mid_channels, 3, stride, dilations[0])
        self.bn_branch2b1 = _norm(norm_cfg, mid_channels)
        self.conv_branch2b1 = _conv(mid_channels, out_channels, 3, dilation=dilations[1])

    def residual(self, entry: Tensor) -> Tensor:
        """Apply the two convolutions.

        Args:
            entry (Tensor): The block's input after batch normalisation and ReLU.

        Returns:
            Tensor: The residual.
        """
        middle = self.conv_branch2a(entry)
        return self.conv_branch2b1(F.relu(self.bn_branch2b1(middle), inplace=True))


class BottleneckBlock(PreActivationBlock):
    """Residual block of a 1x1, a 3x3 and a 1x1 convolution.

    Channels are dropped before the last two convolutions.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output; after the first convolution there are a quarter
            of them, after the second one half.
        dilation (int): Dilation of the 3x3 convolution.
        dropout (float): Probability of dropping a channel.
        norm_cfg (dict): Config of the normalisation layers.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dilation: int,
        dropout: float,
        *,
        norm_cfg: dict,
    ) -> None:
        super().__init__(in_channels, out_channels, 1, norm_cfg)
        quarter, half = out_channels // 4, out_channels // 2
        self.conv_branch2a = _conv(in_channels, quarter, 1)
        self.bn_branch2b1 = _norm(norm_cfg, quarter)
        self.conv_branch2b1 = _conv(quarter, half, 3, dilation=dilation)
        self.bn_branch2b2 = _norm(norm_cfg, half)
        self.conv_branch2b2 = _conv(half, out_channels, 1)
        self.dropout = nn.Dropout2d(dropout)

    def residual(self, entry: Tensor) -> Tensor:
        """Apply the three convolutions.

        Args:
            entry (Tensor): The block's input after batch normalisation and ReLU.

        Returns:
            Tensor: The residual.
        """
        x = self.conv_branch2a(entry)
        x = self.conv_branch2b1(self.dropout(F.relu(self.bn_branch2b1(x), inplace=True)))
        return self.conv_branch2b2(self.dropout(F.relu(self.bn_branch2b2(x), inplace=True)))


@MODELS.register_module()
class ResNet38(BaseModule):
    """ResNet-38 ("resnet38d") with output stride 8 and 4096 channels.

    ``tools/model_converters/resnet38_from_mxnet.py`` converts its ImageNet weights. They expect RGB
    images, normalised with ImageNet's mean and standard deviation.

    Args:
        out_indices (Sequence[int]): Indices of the feature maps (taps) to return: 0 (conv4, 512
            channels), 1 (conv5, 1024), 2 (conv6, 4096). Each is taken after the batch normalisation
            and ReLU that follow it. Defaults to (2,).
        frozen_stages (int): How many of conv1a, b2, b3, b4, b5, b6, b7, from the first on, are
            frozen. Defaults to 2.
        norm_eval (bool): Whether batch normalisation stays in eval mode during training. Defaults
            to True.
        norm_cfg (dict, optional): Config of the normalisation layers. Defaults to batch
            normalisation with frozen weights and biases.
        dropouts (tuple[float, float]): Probabilities of dropping a channel in b6 and in b7.
            Defaults to (0.3, 0.5).
        with_cp (bool): Whether to save memory by recomputing blocks in the backward pass. Defaults
            to False.
        init_cfg (dict | list[dict], optional): Config of the initialisation, usually of
            ``type='Pretrained'``. Defaults to Kaiming's.

    Raises:
        ValueError: If a tap or the number of stages does not exist.
    """

    def __init__(
        self,
        out_indices: Sequence[int] = (2,),
        frozen_stages: int = 2,
        norm_eval: bool = True,
        norm_cfg: dict | None = None,
        dropouts: tuple[float, float] = (0.3, 0.5),
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg or {'type': 'Kaiming', 'layer': 'Conv2d'})
        if not out_indices or not set(out_indices) <= set(range(len(TAPS))):
            raise ValueError(
                f'ResNet38: out_indices must be out of 0, 1, 2 ({", ".join(TAPS)}), '
                f'not {out_indices}'
            )
        self.out_indices = tuple(out_indices)
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        norm_cfg = norm_cfg or {'type': 'BN', 'requires_grad': False}

        self.conv1a = _conv(3, 64, 3)
        self._stages = [['conv1a']]
        self._add_stage('b2', 3, 64, 128, 128, stride=2, norm_cfg=norm_cfg)
        self._add_stage('b3', 3, 128, 256, 256, stride=2, norm_cfg=norm_cfg)
        self._add_stage('b4', 6, 256, 512, 512, stride=2, norm_cfg=norm_cfg)
        self._add_stage('b5', 3, 512, 512, 1024, dilation=2, norm_cfg=norm_cfg)
        self.b6 = BottleneckBlock(1024, 2048, 4, dropouts[0], norm_cfg=norm_cfg)
        self.b7 = BottleneckBlock(2048, 4096, 4, dropouts[1], norm_cfg=norm_cfg)
        self._stages += [['b6'], ['b7']]
        self.bn7 = _norm(norm_cfg, 4096)

        if not 0 <= frozen_stages <= len(self._stages):
            raise ValueError(
                f'ResNet38: frozen_stages must be 0 to {len(self._stages)}, not {frozen_stages}'
            )
        self.frozen_stages = frozen_stages
        self._freeze()

    def _add_stage(
        self,
        name: str,
        blocks: int,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int = 1,
        dilation: int = 1,
        *,
        norm_cfg: dict,
    ) -> None:
        names = [name, *(f'{name}_{index}' for index in range(1, blocks))]
        for index, block_name in enumerate(names):
            block = BasicBlock(
                out_channels if index else in_channels,
                mid_channels,
                out_channels,
                1 if index else stride,
                # The first convolution of a dilated stage still reads the grid before it.
                (dilation if index else 1, dilation),
                norm_cfg=norm_cfg,
            )
            self.add_module(block_name, block)
        self._stages.append(names)

    def _frozen_modules(self) -> list[nn.Module]:
        return [
            getattr(self, name) for stage in self._stages[: self.frozen_stages] for name in stage
        ]

    def _freeze(self) -> None:
        for module in self._frozen_modules():
            module.eval()
            module.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the feature maps of images.

        Args:
            x (Tensor): Normalised images, shape (N, 3, H, W).

        Returns:
            tuple[Tensor, ...]: The taps of ``out_indices``, each of shape
            (N, channels, ceil(H / 8), ceil(W / 8)).
        """
        x = self.conv1a(x)
        entries = {}
        for name in (name for stage in self._stages[1:] for name in stage):
            x, entries[name] = getattr(self, name)(x, self.with_cp)
        taps = entries['b5'], entries['b6'], F.relu(self.bn7(x), inplace=True)
        return tuple(taps[index] for index in self.out_indices)

    def train(self, mode: bool = True) -> 'ResNet38':
        """Set the mode of everything that is not frozen.

        Args:
            mode (bool): Whether to train. Defaults to True.

        Returns:
            ResNet38: The network itself.
        """
        super().train(mode)
        self._freeze()
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self
