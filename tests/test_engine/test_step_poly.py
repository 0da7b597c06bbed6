import pytest
import torch
from mmengine.optim import PolyLR

from mmwsss.registry import PARAM_SCHEDULERS


def rates(steps: int, lrs=(1.0, 20.0), **settings) -> list[list[float]]:
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in lrs]
    groups = [dict(params=[p], lr=lr) for p, lr in zip(parameters, lrs)]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    scheduler = PARAM_SCHEDULERS.build(
        dict(type='mmwsss.StepPolyLR', by_epoch=False, **settings),
        default_args=dict(optimizer=optimizer),
    )
    assert isinstance(scheduler, PolyLR)
    values = []
    for _ in range(steps):
        values.append([group['lr'] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return values


@pytest.mark.parametrize('interval', [1, 10, 7])
@pytest.mark.parametrize('eta_min', [0.0, 0.1])
def test_rate_follows_the_formula_at_multiples_of_the_interval(interval, eta_min):
    values = rates(100, interval=interval, power=0.9, end=100, eta_min=eta_min)
    for t, both in enumerate(values):
        factor = (1 - t // interval * interval / 100) ** 0.9
        for value, first in zip(both, (1.0, 20.0)):
            assert value == pytest.approx(eta_min + (first - eta_min) * factor, rel=1e-9)


def test_rate_rests_before_and_after_its_time():
    values = [value for value, _ in rates(40, interval=5, power=1.0, begin=10, end=30)]
    assert values[:15] == [1.0] * 15
    assert values[15] == pytest.approx(0.75)
    assert values[29] == values[39] == pytest.approx(0.25)


def test_interval_below_one_is_an_error():
    with pytest.raises(ValueError, match='interval'):
        rates(1, interval=0)
