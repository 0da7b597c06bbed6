"""Hook that stores the response maps of a test run."""

from collections.abc import Sequence
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.main_process import call_on_main_process
from mmwsss.registry import HOOKS
from mmwsss.structures import CAMStore, ResponseMap


@HOOKS.register_module()
class CAMStoreHook(Hook):
    """Write the response maps of every tested image to a :class:`CAMStore`.

    Every process writes its own images.

    Args:
        out_dir (str): Folder of the store, on a disk that all processes share.
        dtype (str): Type of the stored scores, 'uint8' or 'float16'. Defaults to 'uint8'.
        resume (bool): Whether the store may already hold images; those of this run are written
            anew. Defaults to False, so that maps of two models are not mixed by mistake.
    """

    store: CAMStore  # from before_test on

    def __init__(self, out_dir: str, dtype: str = 'uint8', resume: bool = False) -> None:
        self.out_dir = out_dir
        self.dtype = dtype
        self.resume = resume

    def before_test(self, runner: Runner) -> None:
        """Make the store on the main process, then open it on all.

        Args:
            runner (Runner): Runner of the run.

        Raises:
            ValueError: On every process, if the folder cannot be used.
        """
        classes = runner.test_dataloader.dataset.metainfo['classes']
        call_on_main_process(lambda: self._create(classes))
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
        """Write the response maps of one batch.

        Args:
            runner (Runner): Runner of the run.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (Any): Not used.
            outputs (Sequence[Any], optional): Predictions of the images of the batch.
        """
        for sample in outputs or ():
            self.store.write(ResponseMap.from_sample(sample))

    def after_test(self, runner: Runner) -> None:
        """Log how many response maps the store holds, and their size on disk.

        Args:
            runner (Runner): Runner of the run.
        """
        if is_main_process():
            runner.logger.info(
                f'{self.out_dir}: response maps of {len(self.store)} images, '
                f'{self.store.nbytes / 1e6:.2f} MB'
            )
