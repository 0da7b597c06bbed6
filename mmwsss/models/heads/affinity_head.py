"""Head that turns feature maps into features, whose distances give affinities."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmwsss.ops.affinity import pairwise_affinity
from mmwsss.registry import MODELS


@MODELS.register_module()
class AffinityHead(BaseModule):
    """Affinity head of PSA.

    Each of three feature maps (taps) goes through a 1×1 convolution and ELU; a fourth convolution
    joins them. Taps on coarser grids are resized bilinearly to the finest one. Parameters are named
    as in the published checkpoints.

    Args:
        in_channels (Sequence[int]): Channels of the three taps. Defaults to (512, 1024, 4096).
        channels (Sequence[int]): Channels after each of the three convolutions; the affinity
            features have their sum. Defaults to (64, 128, 256).
        radius (float): Cells at a distance below it are neighbours, in cells. Defaults to 5.
        stride (int): Pixels per cell of the finest tap. Defaults to 8.
        loss (dict, optional): Config of the loss, which is called with affinities, labels and
            radius. Defaults to :class:`AffinityLoss`.
        init_cfg (dict, optional): Config of the initialisation. Defaults to the published one:
            Kaiming normal, and for the last convolution Xavier uniform with gain 4.

    Raises:
        ValueError: If not exactly three taps are described.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (512, 1024, 4096),
        channels: Sequence[int] = (64, 128, 256),
        radius: float = 5,
        stride: int = 8,
        loss: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        if len(in_channels) != 3 or len(channels) != 3:
            raise ValueError(
                f'AffinityHead takes three taps, not {len(in_channels)} and {len(channels)}'
            )
        super().__init__(init_cfg or _published_init())
        self.radius = radius
        self.stride = stride
        self.f8_3 = nn.Conv2d(in_channels[0], channels[0], 1, bias=False)
        self.f8_4 = nn.Conv2d(in_channels[1], channels[1], 1, bias=False)
        self.f8_5 = nn.Conv2d(in_channels[2], channels[2], 1, bias=False)
        self.f9 = nn.Conv2d(sum(channels), sum(channels), 1, bias=False)
        self.loss_module = MODELS.build(loss or dict(type='mmwsss.AffinityLoss'))

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Compute affinity features.

        Args:
            feats (Sequence[Tensor]): The three taps.

        Returns:
            Tensor: Shape (N, sum of ``channels``, h, w) on the grid of the finest tap.

        Raises:
            ValueError: If there are not three taps.
        """
        if len(feats) != 3:
            raise ValueError(
                f'AffinityHead needs three taps, got {len(feats)}: set backbone.out_indices'
            )
        grid = max((feat.shape[-2:] for feat in feats), key=lambda size: size[0] * size[1])
        taps = [
            F.elu(_resized(convolution(feat), grid))
            for convolution, feat in zip((self.f8_3, self.f8_4, self.f8_5), feats)
        ]
        return F.elu(self.f9(torch.cat(taps, 1)))

    def loss(self, feats: Sequence[Tensor], data_samples: Sequence) -> dict[str, Tensor]:
        """Compute the losses of a batch, and count its pairs.

        Args:
            feats (Sequence[Tensor]): The three taps.
            data_samples (Sequence): Samples with ``gt_affinity_label``, shape (h, w), uint8.

        Returns:
            dict[str, Tensor]: What the loss module returns, see :class:`AffinityLoss`.

        Raises:
            ValueError: If labels and features have different grids.
        """
        features = self(feats)
        labels = torch.stack([sample.gt_affinity_label for sample in data_samples])
        if labels.shape[1:] != features.shape[2:]:
            raise ValueError(
                f'affinity labels on a grid of {tuple(labels.shape[1:])}, features on '
                f'{tuple(features.shape[2:])}: give PoolAffinityLabel the stride of the taps'
            )
        affinity = pairwise_affinity(features, self.radius)
        return self.loss_module(affinity, labels.to(features.device), self.radius)

    def predict(self, feats: Sequence[Tensor], grid: tuple[int, int]) -> Tensor:
        """Predict affinities.

        Args:
            feats (Sequence[Tensor]): The three taps.
            grid (tuple[int, int]): Rows and columns to return, from the upper left cell on.

        Returns:
            Tensor: Affinities, shape (N, P, rows, columns), see :func:`pairwise_affinity`.
        """
        features = self(feats)[..., : grid[0], : grid[1]]
        return pairwise_affinity(features.float(), self.radius)


def _published_init() -> dict:
    return dict(
        type='Kaiming',
        layer='Conv2d',
        distribution='normal',
        mode='fan_in',
        override=dict(type='Xavier', name='f9', distribution='uniform', gain=4),
    )


def _resized(feat: Tensor, grid: torch.Size) -> Tensor:
    if feat.shape[-2:] == grid:
        return feat
    return F.interpolate(feat, grid, mode='bilinear', align_corners=False)
