"""DeepLab-v2's loss over several scales of an image."""

from collections.abc import Callable, Sequence

import torch
from mmengine.structures import PixelData
from mmseg.models import EncoderDecoder
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor
from torch.nn import functional as F

from mmwsss.ops.resizing import highest_scores
from mmwsss.registry import MODELS

from ..mixed_loss import check_alpha, mixed_loss
from .label_weights import weighted_loss


@MODELS.register_module()
class MultiScaleEncoderDecoder(EncoderDecoder):
    """mmseg's ``EncoderDecoder`` with a loss over several scales (MSC) and weights of pixels.

    With more than one scale the network sees the image at each of them. The scores of every scale,
    and their pixel-wise maximum on the grid of the first, each have a loss against the labels,
    resized to them by nearest neighbour. The losses are added, and logged separately. Every mmseg
    head fits that returns one score map from ``forward``.

    Where samples have ``gt_weight_map``, every pixel's loss is multiplied by its weight. The sum is
    divided by the number of pixels, as without weights.

    Args:
        *args: Arguments of mmseg's ``EncoderDecoder``.
        scales (Sequence[float]): Factors on the sides of the image, 1 first. Published are
            (1, 0.75, 0.5). Defaults to (1.0,): mmseg's own loss.
        channels_last (bool): Whether to keep weights and images in channels-last memory, which is
            faster on CPUs and, with AMP, on GPUs. Defaults to False.
        **kwargs: Arguments of mmseg's ``EncoderDecoder``. ``test_cfg=dict(fuse_scales=True)``
            predicts from the maximum over the scales, as the published code does;
            ``test_cfg=dict(scores_at='input')`` leaves scores at the size of the network's input,
            so that of large photos the labels alone are enlarged. ``train_cfg=dict(mixup_alpha=α)``
            trains with mixup (2.2), see :func:`mixed_loss`: self-regularisation of this step,
            future work of the thesis.

    Raises:
        ValueError: If the scales do not begin with 1, or one is not positive, or α is not.
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
        self.scores_at = self.test_cfg.get('scores_at', 'image')
        if self.scores_at not in ('image', 'input'):
            raise ValueError(f"scores_at must be 'image' or 'input', not {self.scores_at!r}")
        self.scales = tuple(scales)
        self.mixup_alpha = check_alpha((self.train_cfg or {}).get('mixup_alpha'))
        self.memory_format = torch.channels_last if channels_last else torch.preserve_format
        self.to(memory_format=self.memory_format)

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """Extract features as mmseg does, in the memory format of the weights.

        Args:
            inputs (Tensor): Normalised images, shape (N, 3, H, W).

        Returns:
            list[Tensor]: The feature maps.
        """
        return super().extract_feat(inputs.to(memory_format=self.memory_format))

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute the losses of a batch.

        Args:
            inputs (Tensor): Normalised images, shape (N, 3, H, W).
            data_samples (list[SegDataSample]): Samples with labels, and with or without pixel
                weights.

        Returns:
            dict[str, Tensor]: The losses by name.

        Raises:
            ValueError: If a head cannot use the pixel weights.
        """
        return mixed_loss(self._losses, inputs, data_samples, self.mixup_alpha)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Predict scores at the size of the images.

        Args:
            inputs (Tensor): Normalised images, shape (N, 3, H, W).
            batch_img_metas (list[dict]): Meta information of the images.

        Returns:
            Tensor: Scores, shape (N, C, H, W).
        """
        if not self.test_cfg.get('fuse_scales', False):
            return super().encode_decode(inputs, batch_img_metas)
        scores = self._maximum(self._scores_of_scales(inputs, self.extract_feat(inputs)))
        return self.decode_head.predict_by_feat(scores, batch_img_metas)

    def postprocess_result(
        self, seg_logits: Tensor, data_samples: list[SegDataSample] | None = None
    ) -> list[SegDataSample]:
        """Make predictions of scores, see ``scores_at``.

        Args:
            seg_logits (Tensor): Scores, shape (N, C, H, W).
            data_samples (list[SegDataSample], optional): Samples with the sizes of the images.
                Defaults to None: no sizes are known.

        Returns:
            list[SegDataSample]: Samples with ``seg_logits`` and ``pred_sem_seg``, whose label has
            the size of the image, always.
        """
        if data_samples is None or self.scores_at == 'image':
            return super().postprocess_result(seg_logits, data_samples)
        sizes = [sample.ori_shape for sample in data_samples]
        for sample in data_samples:
            sample.set_metainfo(dict(ori_shape=sample.img_shape))
        predicted = super().postprocess_result(seg_logits, data_samples)
        for sample, size in zip(predicted, sizes):
            sample.set_metainfo(dict(ori_shape=size))
            scores = sample.seg_logits.data
            if self.out_channels > 1 and tuple(scores.shape[1:]) != tuple(size):
                sample.pred_sem_seg = PixelData(data=highest_scores(scores, size)[None])
        return predicted

    def _losses(self, inputs: Tensor) -> Callable[[Sequence[SegDataSample]], dict[str, Tensor]]:
        """Run the network, and return a function from samples to losses."""
        features = self.extract_feat(inputs)
        scores = self._scores_of_scales(inputs, features) if len(self.scales) > 1 else []
        heads = [self.decode_head]
        if self.with_auxiliary_head:
            auxiliary = self.auxiliary_head
            heads += auxiliary if isinstance(auxiliary, torch.nn.ModuleList) else [auxiliary]

        def losses_of(data_samples: Sequence[SegDataSample]) -> dict[str, Tensor]:
            with weighted_loss(heads, data_samples):
                if scores:
                    losses = self._losses_of_scales(scores, data_samples)
                else:  # as mmseg, whose head may have a loss of its own
                    losses = self._decode_head_forward_train(features, data_samples)
                if self.with_auxiliary_head:
                    losses.update(self._auxiliary_head_forward_train(features, data_samples))
            return losses

        return losses_of

    def _losses_of_scales(
        self, scores: Sequence[Tensor], data_samples: Sequence[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compare the scores of every scale, and their maximum, with the labels."""
        names = ['decode', *(f'decode_x{scale:g}' for scale in self.scales[1:]), 'decode_max']
        losses: dict[str, Tensor] = {}
        for name, one in zip(names, [*scores, self._maximum(scores)]):
            resized = _resize_labels(data_samples, one.shape[2:])
            losses.update(add_prefix(self.decode_head.loss_by_feat(one, resized), name))
        return losses

    def _scores_of_scales(self, inputs: Tensor, features: list[Tensor]) -> list[Tensor]:
        """Compute the scores (N, C, h, w) of every scale; ``features`` belong to the first."""
        scores = [self.decode_head(features)]
        for scale in self.scales[1:]:
            # By the factor, not to a size: it decides where pixels are sampled, as published.
            resized = F.interpolate(
                inputs, scale_factor=scale, mode='bilinear', align_corners=False
            )
            scores.append(self.decode_head(self.extract_feat(resized)))
        return scores

    def _maximum(self, scores: Sequence[Tensor]) -> Tensor:
        """Take the pixel-wise maximum of scores, on the grid of the first."""
        largest, *others = scores
        for one in others:
            resized = F.interpolate(
                one, largest.shape[2:], mode='bilinear', align_corners=self.align_corners
            )
            largest = torch.maximum(largest, resized)
        return largest


def _resize_labels(data_samples: Sequence[SegDataSample], size: torch.Size) -> list[SegDataSample]:
    """Resize the labels of a batch by the nearest neighbour of each cell's centre."""
    labels = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
    # Not 'nearest', which takes the corner of a cell and shifts the labels against the scores.
    resized = F.interpolate(labels.float(), size, mode='nearest-exact').long()
    return [SegDataSample(gt_sem_seg=PixelData(data=label)) for label in resized]
