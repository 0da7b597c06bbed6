"""A hook that stops training at the first loss that is not finite."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.registry import HOOKS


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop training when a logged loss is NaN or infinite, before more hours are spent.

    Args:
        interval (int): Iterations between checks; reading a loss waits for the device.
    """

    def __init__(self, interval: int = 10) -> None:
        self.interval = interval

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Raise FloatingPointError naming the losses that are not finite."""
        if not outputs or not self.every_n_train_iters(runner, self.interval):
            return
        wrong = [
            name for name, value in outputs.items() if not torch.as_tensor(value).isfinite().all()
        ]
        if wrong:
            raise FloatingPointError(
                f'{", ".join(wrong)} not finite at iteration {runner.iter + 1}: lower the learning '
                'rate, clip gradients (optim_wrapper.clip_grad) or train without AMP; resume from '
                f'the last checkpoint in {runner.work_dir} with --resume'
            )
