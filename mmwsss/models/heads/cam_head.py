"""Heads whose class maps are the class activation maps."""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.structures import DataSample, label_to_onehot
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class CAMHead(MultiLabelClsHead):
    """Multi-label head that classifies every cell before it pools (2.1).

    The classifier is a 1×1 convolution without bias applied before global average pooling, so that
    its output is the class activation map and the logits are that map's spatial mean.

    Args:
        num_classes (int): Foreground classes.
        in_channels (int): Channels of the feature map.
        in_index (int): Which of the backbone's feature maps. Defaults to -1, the last.
        mid_channels (int, optional): Channels of a 3×3 convolution + ReLU before the classifier;
            512 in the thesis (2.3.3), none (default) in the published code.
        dropout (float): Probability of dropping a channel. Defaults to 0.5.
        loss (dict): The classification loss on logits and (soft) labels.
        init_cfg (dict, optional): Defaults to Xavier uniform for the classifier.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        in_index: int = -1,
        mid_channels: int | None = None,
        dropout: float = 0.5,
        loss: dict | None = None,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            loss=loss or dict(type='mmwsss.MultiLabelSoftMarginLoss'),
            thr=thr,
            topk=topk,
            init_cfg=init_cfg
            or dict(type='Xavier', distribution='uniform', override=dict(name='classifier')),
        )
        self.num_classes = num_classes
        self.in_index = in_index
        self.adapter = ConvModule(in_channels, mid_channels, 3, padding=1) if mid_channels else None
        self.dropout = nn.Dropout2d(dropout)
        self.classifier = nn.Conv2d(mid_channels or in_channels, num_classes, 1, bias=False)

    def pre_logits(self, feats: Sequence[Tensor]) -> Tensor:
        """The feature map that is classified, shape (N, channels, H, W)."""
        feature = feats[self.in_index]
        if feature.ndim != 4:
            raise ValueError(
                f'{type(self).__name__} needs a feature map (N, channels, H, W), got '
                f'{tuple(feature.shape)}: configure the backbone to return one '
                "(out_type='featmap' for a transformer, gap_before_final_norm=False for ConvNeXt)"
            )
        return feature if self.adapter is None else self.adapter(feature)

    def class_maps(self, feats: Sequence[Tensor]) -> Tensor:
        """Class maps before ReLU and normalisation, shape (N, C, H, W) (2.1)."""
        return self.classifier(self.dropout(self.pre_logits(feats)))

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Logits, shape (N, C)."""
        return self.class_maps(feats).mean((2, 3))

    def loss(self, feats: Sequence[Tensor], data_samples: list[DataSample], **kwargs) -> dict:
        """Losses, each under its own name."""
        cam = self.class_maps(feats)
        target = self.stack_labels(data_samples, cam.device)
        return self.loss_by_cam(cam, target)

    def loss_by_cam(self, cam: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Losses of class maps (N, C, H, W) and labels (N, C)."""
        return dict(loss_cls=self.loss_module(cam.mean((2, 3)), target))

    def stack_labels(self, data_samples: list[DataSample], device: torch.device) -> Tensor:
        """Labels of a batch, soft where a batch augmentation made them so, shape (N, C)."""
        rows = [
            sample.gt_score if 'gt_score' in sample else self._one_hot(sample)
            for sample in data_samples
        ]
        return torch.stack(rows).to(device=device, dtype=torch.float32)

    def _one_hot(self, sample: DataSample) -> Tensor:
        return label_to_onehot(sample.gt_label, self.num_classes)


@MODELS.register_module()
class MixupCAMHead(CAMHead):
    """CAM head with uncertainty regularisation of its class maps (2.5).

    Args:
        regularizers (dict): Loss name → config of a loss module called with the class maps
            (N, C, H, W) and the (mixed) labels (N, C). A config that inherits may replace one, or
            take it away with ``loss_ent=None``.
        **kwargs: Arguments of :class:`CAMHead`.
    """

    def __init__(self, regularizers: dict, **kwargs) -> None:
        super().__init__(**kwargs)
        wrong = [name for name in regularizers if not name.startswith('loss_')]
        if wrong:
            raise ValueError(f"names of regularizers must start with 'loss_', got {wrong}")
        self.regularizers = nn.ModuleDict(
            {name: MODELS.build(cfg) for name, cfg in regularizers.items() if cfg is not None}
        )

    def loss_by_cam(self, cam: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Classification loss and every regulariser of class maps (N, C, H, W)."""
        losses = super().loss_by_cam(cam, target)
        for name, regularizer in self.regularizers.items():
            losses[name] = regularizer(cam, target)
        return losses
