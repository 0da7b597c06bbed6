"""Polynomial decay of the learning rate in steps."""

from mmengine.optim import PolyLR

from mmwsss.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class StepPolyLR(PolyLR):
    """Polynomial decay that changes the rate every few iterations only, as DeepLab-v2's code does.

    At the t-th of T = end - begin iterations the rate is ``(1 - t' / T)^power`` of the first, where
    t' is t rounded down to a multiple of ``interval``. mmengine's ``PolyLR`` reaches 0 at the last
    iteration; this schedule would reach it one iteration later.

    Args:
        *args: Arguments of ``PolyLR``.
        interval (int): Number of iterations between two changes. Defaults to 10.
        **kwargs: Arguments of ``PolyLR``.
    """

    def __init__(self, *args, interval: int = 10, **kwargs) -> None:
        if interval < 1:
            raise ValueError(f'interval must be 1 or more, not {interval}')
        self.interval = interval
        super().__init__(*args, **kwargs)

    def _get_value(self) -> list[float]:
        values = [group[self.param_name] for group in self.optimizer.param_groups]
        if self.last_step == 0 or self.last_step % self.interval:
            return values
        left = self.end - self.begin - self.last_step
        factor = (left / (left + self.interval)) ** self.power
        return [self.eta_min + (value - self.eta_min) * factor for value in values]
