"""Weights of single pixels in the loss of any mmseg head."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import BasePixelSampler, SegDataSample
from torch import Tensor
from torch.nn import functional as F


class LabelWeights(BasePixelSampler):
    """Weights that came with the labels, in the form in which mmseg's heads ask for weights.

    Args:
        weights: (N, 1, H, W).
    """

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights
        self.used = False

    def sample(self, seg_logit: Tensor, seg_label: Tensor) -> Tensor:
        """Return the weights (N, h, w) at the size of the label (N, 1, h, w)."""
        self.used = True
        return F.interpolate(self.weights, seg_label.shape[2:], mode='nearest-exact').squeeze(1)


def stack_weights(data_samples: Sequence[SegDataSample]) -> Tensor | None:
    """Stack ``gt_weight_map`` of a batch to (N, 1, H, W), 0 where the label is padding.

    Returns:
        None if no sample has weights.

    Raises:
        ValueError: If some have and some have not.
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
    """Let the heads weigh their losses by the samples' weights, if there are any.

    Raises:
        ValueError: If a head has a pixel sampler of its own, or asks for no weights.
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
