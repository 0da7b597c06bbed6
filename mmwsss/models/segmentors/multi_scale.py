"""DeepLab-v2's loss over several scales of an image."""

from collections.abc import Sequence

import torch
from mmengine.structures import PixelData
from mmseg.models import EncoderDecoder
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor
from torch.nn import functional as F

from mmwsss.registry import MODELS

from .label_weights import weighted_loss


@MODELS.register_module()
class MultiScaleEncoderDecoder(EncoderDecoder):
    """mmseg's ``EncoderDecoder`` with the loss over scales (MSC) and weights of single pixels.

    With more than one scale the network sees the image at each; the scores of every scale, and
    their pixel-wise maximum at the grid of the first, have a loss against labels that are resized
    to them by nearest neighbour. The losses are added and logged apart. Any mmseg head goes whose
    ``forward`` gives one map of scores.

    Where the data have ``gt_weight_map``, every pixel's loss is multiplied by its weight; the sum
    is divided by the number of pixels as without weights.

    Args:
        *args: Arguments of ``EncoderDecoder``.
        scales: Scales of the image, 1 first. Published: (1, 0.75, 0.5). Defaults to the image
            alone: mmseg's own loss.
        channels_last: Keep weights and images in channels-last memory, which is faster on CPUs
            and, with AMP, on GPUs.
        **kwargs: Arguments of ``EncoderDecoder``. ``test_cfg=dict(fuse_scales=True)`` tests with
            the maximum over the scales, as the published code does.
    """

    def __init__(
        self,
        *args,
        scales: Sequence[float] = (1.0,),
        channels_last: bool = False,
        **kwargs,
    ) -> None:
        if not scales or scales[0] != 1 or not all(scale > 0 for scale in scales):
            raise ValueError(f'scales must be positive and begin with 1, not {scales}')
        super().__init__(*args, **kwargs)
        self.scales = tuple(scales)
        self.memory_format = torch.channels_last if channels_last else torch.preserve_format
        self.to(memory_format=self.memory_format)

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """As mmseg's, with images in the memory format of the weights."""
        return super().extract_feat(inputs.to(memory_format=self.memory_format))

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Return the losses of a batch of images (N, 3, H, W)."""
        heads = [self.decode_head]
        if self.with_auxiliary_head:
            auxiliary = self.auxiliary_head
            heads += auxiliary if isinstance(auxiliary, torch.nn.ModuleList) else [auxiliary]
        with weighted_loss(heads, data_samples):
            if len(self.scales) == 1:
                return super().loss(inputs, data_samples)
            return self._multi_scale_loss(inputs, data_samples)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Return scores at the size of the images."""
        if not self.test_cfg.get('fuse_scales', False):
            return super().encode_decode(inputs, batch_img_metas)
        scores = self._maximum(self._scores_of_scales(inputs, self.extract_feat(inputs)))
        return self.decode_head.predict_by_feat(scores, batch_img_metas)

    def _multi_scale_loss(
        self, inputs: Tensor, data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        features = self.extract_feat(inputs)
        scores = self._scores_of_scales(inputs, features)
        names = ['decode', *(f'decode_x{scale:g}' for scale in self.scales[1:]), 'decode_max']
        losses: dict[str, Tensor] = {}
        for name, one in zip(names, [*scores, self._maximum(scores)]):
            resized = _resize_labels(data_samples, one.shape[2:])
            losses.update(add_prefix(self.decode_head.loss_by_feat(one, resized), name))
        if self.with_auxiliary_head:
            losses.update(self._auxiliary_head_forward_train(features, data_samples))
        return losses

    def _scores_of_scales(self, inputs: Tensor, features: list[Tensor]) -> list[Tensor]:
        """Scores (N, C, h, w) of every scale; ``features`` are those of the first."""
        scores = [self.decode_head(features)]
        for scale in self.scales[1:]:
            size = [int(side * scale) for side in inputs.shape[2:]]
            resized = F.interpolate(inputs, size, mode='bilinear', align_corners=False)
            scores.append(self.decode_head(self.extract_feat(resized)))
        return scores

    def _maximum(self, scores: list[Tensor]) -> Tensor:
        """Pixel-wise maximum at the size of the first."""
        largest, *others = scores
        for one in others:
            resized = F.interpolate(
                one, largest.shape[2:], mode='bilinear', align_corners=self.align_corners
            )
            largest = torch.maximum(largest, resized)
        return largest


def _resize_labels(data_samples: list[SegDataSample], size: torch.Size) -> list[SegDataSample]:
    """Labels of a batch at another size, by the neighbour nearest to each cell's centre."""
    labels = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
    # Not 'nearest', which takes the corner of a cell and shifts the labels against the scores.
    resized = F.interpolate(labels.float(), size, mode='nearest-exact').long()
    return [SegDataSample(gt_sem_seg=PixelData(data=label)) for label in resized]
