"""Classification heads that also return class activation maps."""

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
        num_classes (int): Number of foreground classes.
        in_channels (int): Channels of the feature map.
        in_index (int): Index of the feature map among those of the backbone. Defaults to -1, the
            last.
        mid_channels (int, optional): Channels of a 3×3 convolution with ReLU before the classifier,
            512 in the thesis (2.3.3). Defaults to None, no such convolution, as in the published
            code.
        dropout (float): Probability of dropping a channel. Defaults to 0.5.
        max_response (float, optional): c of ``c · tanh(map / c)``, which bounds every cell's
            response: a few over-confident cells cannot make the logit alone. Defaults to None,
            unbounded.
        loss (dict, optional): Config of the classification loss, which is called with logits and
            (soft) labels. Defaults to :class:`MultiLabelSoftMarginLoss`.
        thr (float, optional): See mmpretrain's ``MultiLabelClsHead``. Defaults to None.
        topk (int, optional): See mmpretrain's ``MultiLabelClsHead``. Defaults to None.
        init_cfg (dict, optional): Config of the initialisation. Defaults to Xavier uniform for the
            classifier.

    Raises:
        ValueError: If ``max_response`` is not positive.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        in_index: int = -1,
        mid_channels: int | None = None,
        dropout: float = 0.5,
        max_response: float | None = None,
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
        if max_response is not None and max_response <= 0:
            raise ValueError(f'max_response must be positive, not {max_response}')
        self.num_classes = num_classes
        self.in_index = in_index
        self.max_response = max_response
        self.adapter = ConvModule(in_channels, mid_channels, 3, padding=1) if mid_channels else None
        self.dropout = nn.Dropout2d(dropout)
        self.classifier = nn.Conv2d(mid_channels or in_channels, num_classes, 1, bias=False)

    def pre_logits(self, feats: Sequence[Tensor]) -> Tensor:
        """Return the feature map that is classified.

        Args:
            feats (Sequence[Tensor]): Feature maps of the backbone.

        Returns:
            Tensor: Shape (N, channels, H, W).

        Raises:
            ValueError: If the backbone returns no feature map.
        """
        feature = feats[self.in_index]
        if feature.ndim != 4:
            raise ValueError(
                f'{type(self).__name__} needs a feature map (N, channels, H, W), got '
                f'{tuple(feature.shape)}: configure the backbone to return one '
                "(out_type='featmap' for a transformer, gap_before_final_norm=False for ConvNeXt)"
            )
        return feature if self.adapter is None else self.adapter(feature)

    def class_maps(self, feats: Sequence[Tensor]) -> Tensor:
        """Compute class maps before ReLU and normalisation (2.1).

        Args:
            feats (Sequence[Tensor]): Feature maps of the backbone.

        Returns:
            Tensor: Shape (N, C, H, W).
        """
        return self.classify(self.dropout(self.pre_logits(feats)))

    def classify(self, feature: Tensor) -> Tensor:
        """Classify every cell of a feature map.

        Args:
            feature (Tensor): Result of :meth:`pre_logits`, with or without channels dropped.

        Returns:
            Tensor: Class maps, shape (N, C, H, W).
        """
        maps = self.classifier(feature)
        if self.max_response is not None:
            maps = self.max_response * torch.tanh(maps / self.max_response)
        return maps

    def response_maps(self, feats: Sequence[Tensor]) -> Tensor:
        """Compute the maps that are rectified and summed over the views of an image.

        Args:
            feats (Sequence[Tensor]): Feature maps of the backbone.

        Returns:
            Tensor: Shape (N, S, H, W). Here these are the class maps.
        """
        return self.class_maps(feats)

    def response_channels(self, present: Tensor) -> Tensor:
        """Tell which of the :meth:`response_maps` the response maps of some classes need.

        Args:
            present (Tensor): Classes that get a response map, shape (N, C), bool.

        Returns:
            Tensor: Shape (N, S), bool. Here it is ``present``.
        """
        return present

    def merge_responses(self, summed: Tensor, channels: Tensor, pairs: Tensor) -> Tensor:
        """Make response maps of classes from the sums over views.

        Args:
            summed (Tensor): Rectified and summed maps, shape (Q, h, w).
            channels (Tensor): (image, channel) indices of these maps, shape (Q, 2).
            pairs (Tensor): (image, class) indices of the response maps, ascending, shape (P, 2).

        Returns:
            Tensor: Shape (P, h, w). Here it is ``summed``.
        """
        return summed

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Compute logits: the spatial means of the class maps.

        Args:
            feats (Sequence[Tensor]): Feature maps of the backbone.

        Returns:
            Tensor: Shape (N, C).
        """
        return self.class_maps(feats).mean((2, 3))

    def loss(self, feats: Sequence[Tensor], data_samples: list[DataSample], **kwargs) -> dict:
        """Compute the losses of a batch.

        Args:
            feats (Sequence[Tensor]): Feature maps of the backbone.
            data_samples (list[DataSample]): Samples with labels.
            **kwargs: Not used.

        Returns:
            dict[str, Tensor]: The losses by name.
        """
        cam = self.class_maps(feats)
        target = self.stack_labels(data_samples, cam.device)
        return self.loss_by_cam(cam, target)

    def loss_by_cam(self, cam: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Compute the losses of class maps.

        Args:
            cam (Tensor): Class maps, shape (N, C, H, W).
            target (Tensor): Labels in [0, 1], shape (N, C).

        Returns:
            dict[str, Tensor]: The losses by name.
        """
        return dict(loss_cls=self.loss_module(cam.mean((2, 3)), target))

    def stack_labels(self, data_samples: list[DataSample], device: torch.device) -> Tensor:
        """Stack the labels of a batch, which are soft after a batch augmentation.

        Args:
            data_samples (list[DataSample]): Samples with ``gt_score`` or ``gt_label``.
            device (torch.device): The device to stack them on.

        Returns:
            Tensor: Shape (N, C), float32.
        """
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
        regularizers (dict): Configs of loss modules by the names of their losses, which begin with
            ``loss_``. Each is called with the class maps (N, C, H, W) and the (mixed) labels
            (N, C). An inheriting config may replace one, or remove it with ``loss_ent=None``.
        **kwargs: Arguments of :class:`CAMHead`.

    Raises:
        ValueError: If a name does not begin with ``loss_``.
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
        """Compute the classification loss and all regularisers of class maps.

        Args:
            cam (Tensor): Class maps, shape (N, C, H, W).
            target (Tensor): Labels in [0, 1], shape (N, C).

        Returns:
            dict[str, Tensor]: The losses by name.
        """
        losses = super().loss_by_cam(cam, target)
        for name, regularizer in self.regularizers.items():
            losses[name] = regularizer(cam, target)
        return losses
