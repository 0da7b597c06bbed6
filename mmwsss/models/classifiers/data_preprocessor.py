"""Data preprocessor that keeps images of different sizes apart at inference."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from mmwsss.registry import MODELS

from ..manifold_mixup import FeatureMix, UnmixedImages


class RecordedAugment:
    """A batch augmentation that also records with which weights it mixed the images of a batch.

    Batch augmentations mix scores linearly, so that mixing an identity matrix gives the weights.

    Args:
        augment (Callable[[Tensor, Tensor], tuple[Any, Tensor]]): Takes images (N, 3, H, W) and
            scores (N, C) and returns them mixed, or the images in :class:`UnmixedImages`.

    Attributes:
        weights (Tensor): Weights of the last batch, shape (N, N): row i has the share of each image
            in the mixed image i, so that mixed scores = weights @ scores.
        feature_mix (FeatureMix | None): How the last batch's feature maps are to be mixed; None if
            they are not.
    """

    def __init__(self, augment: Callable[[Tensor, Tensor], tuple[Any, Tensor]]) -> None:
        self.augment = augment
        self.weights = torch.empty(0, 0)
        self.feature_mix: FeatureMix | None = None

    @property
    def augments(self) -> Sequence[Any]:
        """The augmentations that mmpretrain's ``RandomBatchAugment`` chooses from."""
        return getattr(self.augment, 'augments', ())

    def __call__(self, inputs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix a batch.

        Args:
            inputs (Tensor): Images, shape (N, 3, H, W).
            scores (Tensor): Labels, shape (N, C).

        Returns:
            tuple[Tensor, Tensor]: Images and labels, mixed.
        """
        identity = torch.eye(len(scores), device=scores.device)
        inputs, mixed = self.augment(inputs, torch.cat([scores.float(), identity], 1))
        self.feature_mix = None
        if isinstance(inputs, UnmixedImages):
            inputs, self.feature_mix = inputs
        scores, self.weights = mixed.split([scores.shape[1], len(scores)], 1)
        return inputs, scores


@MODELS.register_module()
class CAMDataPreprocessor(ClsDataPreprocessor):
    """Normalises a batch and pads its images to a common size, the latter in training only.

    A padded border would change a response map. At inference ``inputs`` is therefore a list of
    normalised images of their own sizes, shape (3, H, W) each; :class:`CAMClassifier` batches those
    of one size. After a batch augmentation every sample has ``mix_weights``, shape (N,), the share
    of each of the batch's images in it, so that other labels can be mixed in the same way. After
    :class:`ManifoldMixup`, which leaves the images as they are, it has ``feature_mix``, too.

    Args:
        to_onehot (bool): Whether to give every sample its labels as ``gt_score``. Defaults to True.
        **kwargs: Arguments of :class:`mmpretrain.models.ClsDataPreprocessor`, among them ``mean``,
            ``std``, ``to_rgb``, ``num_classes`` and ``batch_augments`` (mixup).
    """

    def __init__(self, *args, to_onehot: bool = True, **kwargs) -> None:
        super().__init__(*args, to_onehot=to_onehot, **kwargs)  # sets batch_augments

    @property
    def batch_augments(self) -> RecordedAugment | None:
        """What mixes the images of a batch; mmpretrain's ``SwitchRecipeHook`` sets another one."""
        return self._batch_augments

    @batch_augments.setter
    def batch_augments(self, augment: Callable | None) -> None:
        self._batch_augments = RecordedAugment(augment) if augment is not None else None

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise a batch.

        Args:
            data (dict): ``inputs``, images (3, H, W), and ``data_samples``.
            training (bool): Whether to stack and augment the images. Defaults to False.

        Returns:
            dict: ``inputs``, a tensor (N, 3, H, W) in training and else a list of images, and
            ``data_samples``.
        """
        if training:
            data = super().forward(data, training=True)
            if self.batch_augments is not None:
                for sample, weights in zip(data['data_samples'], self.batch_augments.weights):
                    sample.set_field(weights, 'mix_weights')
                    if self.batch_augments.feature_mix is not None:
                        mix = self.batch_augments.feature_mix
                        sample.set_field(mix, 'feature_mix', field_type='metainfo')
            return data
        samples = data.get('data_samples')
        inputs = []
        for index, image in enumerate(data['inputs']):
            one = dict(inputs=[image], data_samples=samples[index : index + 1] if samples else None)
            inputs.append(super().forward(one, training=False)['inputs'][0])
        return dict(inputs=inputs, data_samples=samples)
