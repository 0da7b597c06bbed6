"""Resuming runs nothing, names what does not fit, and passes over weights that are not finite."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.infer import BaseInferencer
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.runner._flexible_runner import FlexibleRunner
from torch import Tensor, nn

import mmwsss  # noqa: F401 - applies the remedy
from mmwsss.compat.moved_runs import find_last_checkpoint
from mmwsss.engine.hooks import FiniteLossHook


class Line(BaseModel):
    """A weight that falls by the learning rate in every iteration."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, batch: Tensor, mode: str) -> dict[str, Tensor]:
        return {'loss': self.weight * batch.mean()}


def build(work_dir: Path, epochs: int, runner: Any = Runner, **settings: Any) -> Any:
    settings = dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0))) | settings
    return runner(
        Line(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=torch.ones(6, 1), batch_size=1, sampler=dict(type='DefaultSampler')
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        default_scope='mmengine',
        experiment_name=f'{work_dir.name}_{epochs}_{len(list(work_dir.glob("*")))}',
        **settings,
    )


def edit(path: Path, change: Callable[[dict], Any]) -> None:
    checkpoint = torch.load(path, weights_only=False)
    change(checkpoint)
    torch.save(checkpoint, path)


@pytest.mark.parametrize('runner', [Runner, FlexibleRunner])
def test_code_in_the_config_of_a_checkpoint_does_not_run(runner: type, tmp_path: Path) -> None:
    build(tmp_path, 1, runner).train()
    mark = tmp_path / 'mark'
    payload = f'open({str(mark)!r}, "w")'

    def plant(checkpoint: dict) -> None:
        checkpoint['meta'] |= dict(config=payload, cfg=payload)
        checkpoint['message_hub']['runtime_info']['cfg'] = payload

    edit(tmp_path / 'epoch_1.pth', plant)
    resumed = build(tmp_path, 2, runner, resume=True)
    resumed.train()
    assert resumed.iter == 12 and not mark.exists()


class Inferencer(BaseInferencer):
    """The least that can be built from a checkpoint alone."""

    def _init_pipeline(self, cfg: Any) -> Any: ...

    def visualize(self, *args: Any, **kwargs: Any) -> Any: ...

    def postprocess(self, *args: Any, **kwargs: Any) -> Any: ...


@pytest.mark.parametrize('place', ['message_hub', 'meta'])
def test_an_inferencer_takes_no_config_from_a_checkpoint(place: str, tmp_path: Path) -> None:
    mark = tmp_path / 'mark'
    payload = f'open({str(mark)!r}, "w")'
    parts = {'message_hub': {'runtime_info': {'cfg': payload}}, 'meta': {'cfg': payload}}
    torch.save({'state_dict': {}, 'meta': {}} | {place: parts[place]}, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match='config'):
        Inferencer(weights=str(tmp_path / 'w.pth'), scope='mmengine')
    assert not mark.exists()


WRONG = {
    'no meta': lambda c: c.pop('meta'),
    'meta is a list': lambda c: c.update(meta=[1]),
    'no epoch': lambda c: c['meta'].pop('epoch'),
    'epoch is a text': lambda c: c['meta'].update(epoch='one'),
    'no message hub': lambda c: c.pop('message_hub'),
    'message hub is a number': lambda c: c.update(message_hub=3),
    'no logs': lambda c: c['message_hub'].pop('log_scalars'),
    'optimiser of another model': lambda c: c['optimizer'].update(param_groups=[]),
    'optimiser is None': lambda c: c.update(optimizer=None),
}


@pytest.mark.parametrize('runner', [Runner, FlexibleRunner])
def test_what_cannot_be_resumed_is_named(runner: type, tmp_path: Path) -> None:
    build(tmp_path, 1, runner).train()
    whole = (tmp_path / 'epoch_1.pth').read_bytes()
    for name, change in WRONG.items():
        (tmp_path / 'epoch_1.pth').write_bytes(whole)
        edit(tmp_path / 'epoch_1.pth', change)
        try:
            resumed = build(tmp_path, 2, runner, resume=True)
            resumed.train()
        except ValueError as error:
            assert 'epoch_1.pth: no training can go on from it' in str(error), name
            assert '\n' not in str(error), name
        else:
            raise AssertionError(f'{name}: trained on')


def test_weights_that_are_not_finite_are_never_saved(tmp_path: Path) -> None:
    """Fewer iterations than the hook's interval: only the saved weights tell."""
    settings = dict(
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=float('inf'))),
        custom_hooks=[FiniteLossHook(interval=10)],
    )
    with pytest.raises(FloatingPointError, match=r'such as state_dict\.weight.*not saved.*lower'):
        build(tmp_path, 1, **settings).train()
    assert not list(tmp_path.glob('*.pth'))


def test_a_run_that_saves_nothing_does_not_end_with_nan(tmp_path: Path) -> None:
    runner = build(
        tmp_path,
        1,
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=float('nan'))),
        custom_hooks=[FiniteLossHook(interval=10)],
    )
    runner._hooks = [hook for hook in runner.hooks if type(hook).__name__ != 'CheckpointHook']
    with pytest.raises(FloatingPointError, match='such as weight'):
        runner.train()


def test_a_checkpoint_that_is_not_finite_is_passed_over(tmp_path: Path) -> None:
    build(tmp_path, 2).train()

    def spoil(checkpoint: dict) -> None:
        checkpoint['state_dict']['weight'].fill_(torch.nan)

    edit(tmp_path / 'epoch_2.pth', spoil)
    assert find_last_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_1.pth')
    resumed = build(tmp_path, 3, resume=True)
    resumed.train()
    assert resumed.model.weight.item() == -18
    with pytest.raises(ValueError, match=r'epoch_2\.pth.*not finite'):
        edit(tmp_path / 'epoch_2.pth', spoil)
        build(tmp_path, 4, resume=True, load_from=str(tmp_path / 'epoch_2.pth')).train()


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    build(tmp_path, 2).train()
    damaged = bytearray((tmp_path / 'epoch_2.pth').read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / 'epoch_2.pth').write_bytes(damaged)
    assert find_last_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_1.pth')


def test_a_checkpoint_names_no_file_that_is_removed(tmp_path: Path) -> None:
    """A better score removes the best checkpoint before, by the path in the message hub."""
    build(tmp_path / 'run', 1).train()
    victim = tmp_path / 'victim'
    victim.touch()

    def plant(checkpoint: dict) -> None:
        checkpoint['message_hub']['runtime_info'] |= {
            'best_ckpt': str(victim),
            'best_ckpt_acc': str(victim),
        }

    edit(tmp_path / 'run/epoch_1.pth', plant)
    resumed = build(tmp_path / 'run', 2, resume=True)
    resumed.train()
    info = resumed.message_hub.runtime_info
    inside = str(tmp_path / 'run/victim')
    assert info['best_ckpt'] == info['best_ckpt_acc'] == inside and victim.exists()


@pytest.mark.parametrize('runner', [Runner, FlexibleRunner])
def test_a_full_disk_names_the_checkpoint(
    runner: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(*_: Any) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr('mmengine.fileio.LocalBackend.put', put)
    with pytest.raises(OSError, match=r'No space left.*epoch_1\.pth'):
        build(tmp_path, 1, runner).train()
