"""Hook that tests with batch normalisation folded into the convolutions."""

from collections.abc import Callable, Mapping

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.engine.bare_model import bare_model
from mmwsss.models.batch_norm_fusion import fuse_batch_norm
from mmwsss.registry import HOOKS


@HOOKS.register_module()
class FusedBatchNormHook(Hook):
    """Fold the backbone's batch normalisation into its convolutions while a test runs.

    ``tools/test.py`` adds it. The results are the same to rounding. After the test the model has
    its own layers again.
    """

    def __init__(self) -> None:
        self._undo: Callable[[], None] | None = None

    def before_test_epoch(self, runner: Runner) -> None:
        """Fold the layers; the model is in evaluation mode by now.

        Args:
            runner (Runner): Runner of the test.
        """
        model = bare_model(runner)
        model = getattr(model, 'module', model)  # of a model for test-time augmentation
        backbone = getattr(model, 'backbone', None)
        if backbone is not None:
            self._undo = fuse_batch_norm(backbone)

    def after_test_epoch(self, runner: Runner, metrics: Mapping[str, float] | None = None) -> None:
        """Give the model its own layers back.

        Args:
            runner (Runner): Runner of the test.
            metrics (Mapping[str, float], optional): Not used.
        """
        if self._undo is not None:
            self._undo()
            self._undo = None
