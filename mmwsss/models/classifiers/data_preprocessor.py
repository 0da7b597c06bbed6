"""Data preprocessor that keeps pictures of different sizes apart at inference."""

from mmpretrain.models import ClsDataPreprocessor

from mmwsss.registry import MODELS


@MODELS.register_module()
class CAMDataPreprocessor(ClsDataPreprocessor):
    """Normalise a batch; pad pictures to a common size in training only.

    A padded border would change a response map, so that at inference ``inputs`` is a list of
    normalised pictures (3, H, W) of their own sizes; :class:`CAMClassifier` batches equal sizes.

    Args:
        to_onehot (bool): Give every sample its labels as ``gt_score``. Defaults to True.
        **kwargs: Arguments of :class:`mmpretrain.models.ClsDataPreprocessor`, among them ``mean``,
            ``std``, ``to_rgb``, ``num_classes`` and ``batch_augments`` (mixup).
    """

    def __init__(self, *args, to_onehot: bool = True, **kwargs) -> None:
        super().__init__(*args, to_onehot=to_onehot, **kwargs)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Return ``inputs`` (a tensor in training, else a list) and ``data_samples``."""
        if training:
            return super().forward(data, training=True)
        samples = data.get('data_samples')
        inputs = []
        for index, picture in enumerate(data['inputs']):
            one = dict(
                inputs=[picture], data_samples=samples[index : index + 1] if samples else None
            )
            inputs.append(super().forward(one, training=False)['inputs'][0])
        return dict(inputs=inputs, data_samples=samples)
