"""A hook that stops training at the first loss or weight that is not finite."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.compat.checkpoint_file import not_finite
from mmwsss.registry import HOOKS

from ..bare_model import bare_model

_REMEDY = (
    'lower the learning rate, clip gradients (optim_wrapper.clip_grad) or train without AMP; '
    'resume from the last checkpoint in {} with --resume'
)


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop training when a logged loss is NaN or infinite, before more hours are spent.

    Weights that are not finite are never saved, and a training does not end with them.

    Args:
        interval (int): Iterations between two checks; to read a loss is to wait for the device.
            Defaults to 10.
    """

    def __init__(self, interval: int = 10) -> None:
        self.interval = interval

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Check the losses of an iteration.

        Args:
            runner (Runner): Runner of the run.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (Any): Not used.
            outputs (dict, optional): Logged losses of the iteration by their names.

        Raises:
            FloatingPointError: If losses are not finite. Names them.
        """
        if not outputs or not self.every_n_train_iters(runner, self.interval):
            return
        wrong = [
            name for name, value in outputs.items() if not torch.as_tensor(value).isfinite().all()
        ]
        if wrong:
            names = ', '.join(wrong)
            raise FloatingPointError(
                f'{names} not finite at iteration {runner.iter + 1}: '
                + _REMEDY.format(runner.work_dir)
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse to save weights or states of the optimiser that are not finite.

        Args:
            runner (Runner): Runner of the run.
            checkpoint (dict): Content of the checkpoint.

        Raises:
            FloatingPointError: If there are some; names the first.
        """
        _refuse(runner, not_finite(checkpoint))

    def after_train(self, runner: Runner) -> None:
        """Refuse to end with weights that are not finite, also where none were saved.

        Args:
            runner (Runner): Runner of the run.

        Raises:
            FloatingPointError: If there are some; names the first.
        """
        _refuse(runner, not_finite(bare_model(runner).state_dict()))


def _refuse(runner: Runner, wrong: list[str]) -> None:
    if wrong:
        raise FloatingPointError(
            f'{len(wrong)} weights or states of the optimiser are not finite after iteration '
            f'{runner.iter}, such as {wrong[0]}, and are not saved: '
            + _REMEDY.format(runner.work_dir)
        )
