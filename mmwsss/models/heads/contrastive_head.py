"""Head with a contrast of the features of classes."""

from collections.abc import Sequence

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from mmwsss.ops.pooling import present_class_means
from mmwsss.registry import MODELS

from .cam_head import MixupCAMHead


@MODELS.register_module()
class ContrastiveCAMHead(MixupCAMHead):
    """CAM head whose features of one class are to be alike, and unlike those of others.

    The thesis names contrastive learning (its [7]) as future work: a signal for the features beside
    the labels'. An image's features are averaged over the cells of each of its classes, with the
    class's map as weights, so that what is compared is the object and not its surroundings.

    Args:
        contrast (dict, optional): Arguments of :class:`ContrastiveLoss`. Defaults to its defaults.
        regularizers (dict, optional): See :class:`MixupCAMHead`. Defaults to none.
        **kwargs: Arguments of :class:`CAMHead`.
    """

    def __init__(
        self, contrast: dict | None = None, regularizers: dict | None = None, **kwargs
    ) -> None:
        super().__init__(regularizers=regularizers or {}, **kwargs)
        self.contrast = MODELS.build(
            dict(
                type='mmwsss.ContrastiveLoss',
                in_channels=self.classifier.in_channels,
                **(contrast or {}),
            )
        )

    def loss(self, feats: Sequence[Tensor], data_samples: list[DataSample], **kwargs) -> dict:
        """Compute the losses of :class:`MixupCAMHead` and ``loss_contrast``.

        Args:
            feats (Sequence[Tensor]): Feature maps of the backbone.
            data_samples (list[DataSample]): Samples with labels.
            **kwargs: Not used.

        Returns:
            dict[str, Tensor]: The losses by name.
        """
        feature = self.pre_logits(feats)
        cam = self.classify(self.dropout(feature))
        target = self.stack_labels(data_samples, cam.device)
        losses = self.loss_by_cam(cam, target)
        present = target > 0
        # The weights are no way to lower the contrast: only the features are.
        maps = cam.detach().float()
        with torch.autocast(cam.device.type, enabled=False):
            pooled = torch.cat(present_class_means(feature, maps, present))
            losses['loss_contrast'] = self.contrast(pooled, present.nonzero()[:, 1])
        return losses
