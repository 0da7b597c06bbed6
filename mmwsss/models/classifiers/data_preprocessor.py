"""Data preprocessor that keeps images of different sizes apart at inference."""

from collections.abc import Callable

import torch
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from mmwsss.registry import MODELS


class RecordedAugment:
    """A batch augmentation that also tells how much of each image went into each.

    Batch augmentations mix scores linearly, so that those of an identity matrix are the weights.

    Args:
        augment (Callable): (images (N, 3, H, W), scores (N, C)) → the same, mixed.

    Attributes:
        weights (Tensor): Of the last batch, shape (N, N): mixed scores = weights @ scores.
    """

    def __init__(self, augment: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
        self.augment = augment
        self.weights = torch.empty(0, 0)

    def __call__(self, inputs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix a batch."""
        identity = torch.eye(len(scores), device=scores.device)
        inputs, mixed = self.augment(inputs, torch.cat([scores.float(), identity], 1))
        scores, self.weights = mixed.split([scores.shape[1], len(scores)], 1)
        return inputs, scores


@MODELS.register_module()
class CAMDataPreprocessor(ClsDataPreprocessor):
    """Normalise a batch; pad images to a common size in training only.

    A padded border would change a response map, so that at inference ``inputs`` is a list of
    normalised images (3, H, W) of their own sizes; :class:`CAMClassifier` batches equal sizes.
    Samples of a batch that an augmentation mixed have ``mix_weights``, shape (N,): how much of each
    of the batch's images they are, for other labels to be mixed alike.

    Args:
        to_onehot (bool): Give every sample its labels as ``gt_score``. Defaults to True.
        **kwargs: Arguments of :class:`mmpretrain.models.ClsDataPreprocessor`, among them ``mean``,
            ``std``, ``to_rgb``, ``num_classes`` and ``batch_augments`` (mixup).
    """

    batch_augments: RecordedAugment | None

    def __init__(self, *args, to_onehot: bool = True, **kwargs) -> None:
        super().__init__(*args, to_onehot=to_onehot, **kwargs)
        if self.batch_augments is not None:
            self.batch_augments = RecordedAugment(self.batch_augments)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Return ``inputs`` (a tensor in training, else a list) and ``data_samples``."""
        if training:
            data = super().forward(data, training=True)
            if self.batch_augments is not None:
                for sample, weights in zip(data['data_samples'], self.batch_augments.weights):
                    sample.set_field(weights, 'mix_weights')
            return data
        samples = data.get('data_samples')
        inputs = []
        for index, image in enumerate(data['inputs']):
            one = dict(inputs=[image], data_samples=samples[index : index + 1] if samples else None)
            inputs.append(super().forward(one, training=False)['inputs'][0])
        return dict(inputs=inputs, data_samples=samples)
