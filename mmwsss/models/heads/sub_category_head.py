"""Head that classifies both parent classes and their sub-categories."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmwsss.registry import MODELS

from .cam_head import MixupCAMHead


@MODELS.register_module()
class SubCategoryHead(MixupCAMHead):
    r"""CAM head that also classifies sub-categories of its classes (3.3).

    .. math:: \mathcal{L}_p(H_p(f), Y_p) + \lambda \mathcal{L}_s(H_s(f), Y_s)

    The losses of the parent classes are those of :class:`MixupCAMHead`. The labels Y_s are looked
    up by the sample's index in ``assignments``, which :class:`SubCategoryClusteringHook`
    fills; while it is empty (round 0), ``loss_sub`` is 0. Where a batch augmentation mixes images,
    the labels Y_s are mixed with the same weights.

    Args:
        num_subcategories (int | Sequence[int]): Number of sub-categories K of every class, or one
            number for each class. Defaults to 10.
        sub_loss (dict, optional): Config of :math:`\mathcal{L}_s`; its ``loss_weight`` is λ.
            Defaults to the multi-label soft margin loss with λ = 5.
        cam_source (str): Which classifier gives the response maps: 'parent', as in the thesis, or
            'sub_max' or 'sub_sum', the maximum or the sum of the maps of a class's sub-categories,
            each rectified and summed over the views first, as published. Scores always come from
            the parent. Defaults to 'parent'.
        regularizers (dict, optional): See :class:`MixupCAMHead`. Defaults to none.
        init_cfg (dict, optional): Config of the initialisation. Defaults to Xavier uniform for both
            classifiers.
        **kwargs: Arguments of :class:`CAMHead`.

    Attributes:
        assignments (Tensor): Sub-category of every training image and class, -1 where the image
            does not have the class, shape (images, classes), int32; a buffer, saved in checkpoints.
        round (Tensor): The round that ``assignments`` belong to, a scalar buffer; 0 while there are
            none.
        image_digest (Tensor): SHA-256 of the names of the images that ``assignments`` belong to, in
            their order, shape (32,), uint8, a buffer; zeros while there are no assignments.
    """

    assignments: Tensor
    CLUSTERS = ('round', 'assignments', 'image_digest')
    """Names of the buffers that hold the result of clustering, not weights."""

    def __init__(
        self,
        num_subcategories: int | Sequence[int] = 10,
        sub_loss: dict | None = None,
        cam_source: str = 'parent',
        regularizers: dict | None = None,
        init_cfg: dict | None = None,
        **kwargs,
    ) -> None:
        names = [dict(name='classifier'), dict(name='sub_classifier')]
        super().__init__(
            regularizers=regularizers or {},
            init_cfg=init_cfg or dict(type='Xavier', distribution='uniform', override=names),
            **kwargs,
        )
        if cam_source not in ('parent', 'sub_max', 'sub_sum'):
            raise ValueError(
                f"cam_source must be 'parent', 'sub_max' or 'sub_sum', not {cam_source!r}"
            )
        self.cam_source = cam_source
        self.num_subcategories = _per_class(num_subcategories, self.num_classes)
        counts = torch.tensor(self.num_subcategories)
        self.sub_classifier = nn.Conv2d(
            self.classifier.in_channels, int(counts.sum()), 1, bias=False
        )
        self.sub_loss = MODELS.build(
            sub_loss or dict(type='mmwsss.MultiLabelSoftMarginLoss', loss_weight=5.0)
        )
        self.register_buffer('_first', counts.cumsum(0) - counts, persistent=False)
        self.register_buffer(
            '_parent', torch.arange(self.num_classes).repeat_interleave(counts), persistent=False
        )
        self.register_buffer('round', torch.tensor(0))
        self.register_buffer('assignments', torch.empty(0, self.num_classes, dtype=torch.int32))
        self.register_buffer('image_digest', torch.zeros(32, dtype=torch.uint8))

    def set_assignments(self, assignments: Tensor, round: int, img_ids: Sequence[str]) -> None:
        """Take the sub-categories of a round.

        Args:
            assignments (Tensor): Sub-category of each image and class, -1 where the image does not
                have the class, shape (images, classes).
            round (int): The round that they belong to.
            img_ids (Sequence[str]): Names of the images, in the order of the rows.

        Raises:
            ValueError: If they have other classes or more sub-categories than the head.
        """
        highest = assignments.amax(0).tolist()
        if assignments.shape[1:] != (self.num_classes,) or any(
            label >= count for label, count in zip(highest, self.num_subcategories)
        ):
            raise ValueError(
                f'assignments {tuple(assignments.shape)} do not fit {self.num_classes} classes '
                f'with {self.num_subcategories} sub-categories'
            )
        self.assignments = assignments.to(self.assignments)
        self.round.fill_(round)
        self.image_digest.copy_(_digest(img_ids))

    def clear_assignments(self) -> None:
        """Forget the sub-categories: back to round 0."""
        self.assignments = self.assignments[:0]
        self.round.zero_()
        self.image_digest.zero_()

    def assignments_belong_to(self, img_ids: Sequence[str], presence: np.ndarray) -> bool:
        """Tell whether the sub-categories are those of these images, in this order.

        Args:
            img_ids (Sequence[str]): Names of the images.
            presence (np.ndarray): Which classes each image has, shape (images, classes), bool.

        Returns:
            bool: Whether names, order and classes are those that were clustered.
        """
        return np.array_equal(self.assignments.cpu().numpy() >= 0, presence) and torch.equal(
            self.image_digest.cpu(), _digest(img_ids)
        )

    def response_maps(self, feats: Sequence[Tensor]) -> Tensor:
        """Compute the maps that ``cam_source`` names.

        Args:
            feats (Sequence[Tensor]): Feature maps of the backbone.

        Returns:
            Tensor: Shape (N, C, H, W) of the parent, (N, sum of K, H, W) of the sub-categories.
        """
        if self.cam_source == 'parent':
            return super().response_maps(feats)
        return self.sub_classifier(self.dropout(self.pre_logits(feats)))

    def response_channels(self, present: Tensor) -> Tensor:
        """Tell which of the :meth:`response_maps` the response maps of some classes need.

        Args:
            present (Tensor): Classes that get a response map, shape (N, C), bool.

        Returns:
            Tensor: Shape (N, S), bool: of the sub-categories all those of the classes.
        """
        if self.cam_source == 'parent':
            return super().response_channels(present)
        return present[:, self._parent]

    def merge_responses(self, summed: Tensor, channels: Tensor, pairs: Tensor) -> Tensor:
        """Merge the maps of the sub-categories of each class.

        Args:
            summed (Tensor): Rectified and summed maps, shape (Q, h, w).
            channels (Tensor): (image, channel) indices of these maps, shape (Q, 2).
            pairs (Tensor): (image, class) indices of the response maps, ascending, shape (P, 2).

        Returns:
            Tensor: Shape (P, h, w).
        """
        if self.cam_source == 'parent':
            return super().merge_responses(summed, channels, pairs)
        image, sub_category = channels.unbind(1)
        numbers = image * self.num_classes + self._parent[sub_category]
        rows = torch.searchsorted(pairs[:, 0] * self.num_classes + pairs[:, 1], numbers)
        merged = summed.new_zeros(len(pairs), *summed.shape[1:])
        reduce = 'amax' if self.cam_source == 'sub_max' else 'sum'
        return merged.scatter_reduce(0, rows[:, None, None].expand_as(summed), summed, reduce)

    def loss(self, feats: Sequence[Tensor], data_samples: list[DataSample], **kwargs) -> dict:
        """Compute the parent's losses and ``loss_sub``, both with the same channels dropped.

        Args:
            feats (Sequence[Tensor]): Feature maps of the backbone.
            data_samples (list[DataSample]): Samples with labels and ``sample_idx``.
            **kwargs: Not used.

        Returns:
            dict[str, Tensor]: The losses by name.

        Raises:
            KeyError: If samples have no index, also in round 0, which does not need it.
        """
        if any('sample_idx' not in sample for sample in data_samples):
            raise KeyError(
                "sub-categories are looked up by sample_idx: add 'sample_idx' to the meta_keys of "
                'PackInputs'
            )
        feature = self.dropout(self.pre_logits(feats))
        target = self.stack_labels(data_samples, feature.device)
        losses = self.loss_by_cam(self.classify(feature), target)
        # The mean of the maps is the map of the mean: no (N, S, H, W) is made.
        score = self.sub_classifier(feature.mean((2, 3), keepdim=True)).flatten(1)
        if len(self.assignments) == 0:
            # Distributed training wants every parameter in the graph.
            losses['loss_sub'] = score.sum() * 0
        else:
            losses['loss_sub'] = self.sub_loss(score, self.sub_labels(data_samples))
        return losses

    def sub_labels(self, data_samples: list[DataSample]) -> Tensor:
        """Look up the sub-category labels Y_s of a batch, mixed as its images are.

        Args:
            data_samples (list[DataSample]): Samples with ``sample_idx``, and with ``mix_weights``
                where they were mixed.

        Returns:
            Tensor: Shape (N, sum of K), float32.
        """
        index = torch.tensor([s.sample_idx for s in data_samples], device=self.assignments.device)
        rows = self.assignments[index]
        image, parent = (rows >= 0).nonzero(as_tuple=True)
        labels = torch.zeros(len(rows), len(self._parent), device=rows.device)
        labels[image, self._first[parent] + rows[image, parent]] = 1
        if 'mix_weights' in data_samples[0]:
            weights = torch.stack([sample.mix_weights for sample in data_samples])
            with torch.autocast(labels.device.type, enabled=False):
                # At most 1, where both images of a pair count in full and have a cluster in common.
                labels = (weights.to(labels) @ labels).clamp(max=1)
        return labels

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        stored = state_dict.get(f'{prefix}assignments')
        if stored is not None:
            if len(stored) > 0:
                self._check_counts(stored, state_dict.get(f'{prefix}sub_classifier.weight'))
            # As many images as the checkpoint has.
            self.assignments = self.assignments.new_empty(len(stored), self.num_classes)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _check_counts(self, assignments: Tensor, weight: Tensor | None) -> None:
        """Refuse a checkpoint of another K, of which only a part would be loaded."""
        total = sum(self.num_subcategories)
        if weight is not None and len(weight) != total:
            raise ValueError(
                f'the checkpoint has {len(weight)} sub-categories in all, model.head has {total}: '
                'set num_subcategories as it was in training'
            )
        for label, (highest, count) in enumerate(
            zip(assignments.amax(0).tolist(), self.num_subcategories)
        ):
            if highest >= count:
                raise ValueError(
                    f'the checkpoint has {highest + 1} sub-categories of class {label}, model.head '
                    f'has {count}: set num_subcategories as it was in training'
                )


def _digest(img_ids: Sequence[str]) -> Tensor:
    digest = hashlib.sha256(json.dumps(list(img_ids)).encode()).digest()
    return torch.tensor(list(digest), dtype=torch.uint8)


def _per_class(num_subcategories: int | Sequence[int], num_classes: int) -> tuple[int, ...]:
    counts = (
        tuple(num_subcategories)
        if isinstance(num_subcategories, Sequence)
        else (num_subcategories,) * num_classes
    )
    if len(counts) != num_classes or any(not isinstance(k, int) or k < 1 for k in counts):
        raise ValueError(
            'num_subcategories must be a positive whole number, or one for each of '
            f'{num_classes} classes, not {num_subcategories}'
        )
    return counts
