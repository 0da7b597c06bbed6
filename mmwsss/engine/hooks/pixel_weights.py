"""A hook that stops training where weights of pixels would be ignored."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.models.segmentors import MultiScaleEncoderDecoder
from mmwsss.registry import HOOKS

from ..bare_model import bare_model


@HOOKS.register_module()
class PixelWeightsHook(Hook):
    """Stop at the first batch that has weights of pixels, if the segmentor does not use them.

    mmseg's own segmentors take the labels of a sample and nothing else.
    """

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Check a batch.

        Args:
            runner (Runner): Runner of the run.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (dict, optional): The batch, before it is preprocessed.

        Raises:
            TypeError: If the batch has weights of pixels and the segmentor ignores them. Names it.
        """
        samples = (data_batch or {}).get('data_samples', ())
        if not any('gt_weight_map' in sample for sample in samples):
            return
        model = bare_model(runner)
        if not isinstance(model, MultiScaleEncoderDecoder):
            raise TypeError(
                f'{type(model).__name__} ignores the weights of weight_dir; set '
                "model.type='mmwsss.MultiScaleEncoderDecoder', or drop weight_dir"
            )
