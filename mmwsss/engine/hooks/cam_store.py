"""Hook that keeps the response maps of a test run."""

from collections.abc import Sequence
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.registry import HOOKS
from mmwsss.structures import CAMStore, ResponseMap


@HOOKS.register_module()
class CAMStoreHook(Hook):
    """Write the response maps of every tested image to a :class:`CAMStore`.

    Every process writes its own images.

    Args:
        out_dir: the store's folder, on a disk that all processes share.
        dtype: 'uint8' or 'float16'.
        resume: whether the store may already hold images; those of this run are written anew.
            Off by default, so that maps of two models are not mixed by mistake.
    """

    def __init__(self, out_dir: str, dtype: str = 'uint8', resume: bool = False) -> None:
        self.out_dir = out_dir
        self.dtype = dtype
        self.resume = resume
        self.store: CAMStore | None = None

    def before_test(self, runner: Runner) -> None:
        """Make the store on the main process, then open it on the others.

        Raises:
            ValueError: on every process, when the folder cannot be used.
        """
        classes = runner.test_dataloader.dataset.metainfo['classes']
        problem = [None]
        if is_main_process():
            try:
                self._create(classes)
            except (OSError, ValueError) as error:
                problem = [str(error)]
        broadcast_object_list(problem)
        if problem[0] is not None:
            raise ValueError(f'CAMStoreHook: {problem[0]}')
        self.store = CAMStore.open(self.out_dir, classes)

    def _create(self, classes: Sequence[str]) -> None:
        store = CAMStore.create(self.out_dir, classes, self.dtype)
        if not self.resume and next(iter(store.ids()), None) is not None:
            raise ValueError(
                f'{self.out_dir} already holds response maps: take another out_dir, or resume=True '
                'to write into it'
            )

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Write the response maps of one batch."""
        for sample in outputs:
            self.store.write(ResponseMap.from_sample(sample))

    def after_test(self, runner: Runner) -> None:
        """Log what is there."""
        if is_main_process():
            runner.logger.info(
                f'{self.out_dir}: response maps of {len(self.store)} images, '
                f'{self.store.nbytes / 1e6:.2f} MB'
            )
