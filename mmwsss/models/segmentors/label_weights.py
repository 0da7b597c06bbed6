"""Weights of single pixels in the loss of any head of mmseg."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import BasePixelSampler, SegDataSample
from torch import Tensor
from torch.nn import functional as F


class LabelWeights(BasePixelSampler):
    """Hands the weights of pixels to a head of mmseg, which asks a pixel sampler for them.

    Args:
        weights (Tensor): Weights that came with the labels, shape (N, 1, H, W).

    Attributes:
        used (bool): Whether the head has asked for them.
    """

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights
        self.used = False

    def sample(self, seg_logit: Tensor, seg_label: Tensor) -> Tensor:
        """Resize the weights to the labels.

        Args:
            seg_logit (Tensor): Scores of the head; not used.
            seg_label (Tensor): Labels, shape (N, 1, h, w).

        Returns:
            Tensor: Weights, shape (N, h, w).
        """
        self.used = True
        return F.interpolate(self.weights, seg_label.shape[2:], mode='nearest-exact').squeeze(1)


def stack_weights(data_samples: Sequence[SegDataSample]) -> Tensor | None:
    """Stack the pixel weights of a batch, with 0 where the label is padding.

    Args:
        data_samples (Sequence[SegDataSample]): Samples, with or without ``gt_weight_map``.

    Returns:
        Tensor | None: Shape (N, 1, H, W); None if no sample has weights.

    Raises:
        ValueError: If only some of the samples have weights.
    """
    maps = [sample.gt_weight_map.data for sample in data_samples if 'gt_weight_map' in sample]
    if not maps:
        return None
    if len(maps) < len(data_samples):
        raise ValueError('some images of the batch have weights, others not; give all weight_dir')
    height, width = data_samples[0].gt_sem_seg.shape
    return torch.stack([F.pad(m, (0, width - m.shape[2], 0, height - m.shape[1])) for m in maps])


@contextmanager
def weighted_loss(
    heads: Sequence[BaseDecodeHead], data_samples: Sequence[SegDataSample]
) -> Iterator[None]:
    """Let heads weight their losses by the pixel weights of the samples, if there are any.

    Args:
        heads (Sequence[BaseDecodeHead]): The heads whose losses are computed in the block.
        data_samples (Sequence[SegDataSample]): Samples, with or without ``gt_weight_map``.

    Yields:
        None: Within the block the heads use the weights.

    Raises:
        ValueError: If a head has a pixel sampler of its own, or does not ask for weights.
    """
    weights = stack_weights(data_samples)
    if weights is None:
        yield
        return
    samplers = [LabelWeights(weights) for _ in heads]
    for head in heads:
        if head.sampler is not None:
            raise ValueError(
                f'{type(head).__name__} has a pixel sampler, which pixel weights would replace; '
                'remove the sampler or weight_dir'
            )
    try:
        for head, sampler in zip(heads, samplers):
            head.sampler = sampler
        yield
    finally:
        for head in heads:
            head.sampler = None
    for head, sampler in zip(heads, samplers):
        if not sampler.used:
            raise ValueError(f'{type(head).__name__} does not use pixel weights; drop weight_dir')
