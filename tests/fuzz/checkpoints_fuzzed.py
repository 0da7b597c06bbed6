"""Checkpoints that are harmed, and the five ways into a run that take one."""

import copy
import io
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from damage import VALUES, Rewritten, damaged
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn

from mmwsss.compat.moved_runs import find_last_checkpoint
from mmwsss.compat.weights import WholePretrainedInit, load_whole_checkpoint


class Line(BaseModel):
    """A model of a few weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, *batch: Tensor, mode: str) -> dict[str, Tensor]:
        return {'loss': self.layer(torch.stack(batch)).square().mean()}


def build(work_dir: Path, epochs: int, **settings: Any) -> Runner:
    MessageHub._instance_dict.clear()
    torch.manual_seed(0)
    return Runner(
        Line(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=torch.ones(4, 8), batch_size=2, sampler=dict(type='DefaultSampler')
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=1), logger=dict(type='LoggerHook')
        ),
        default_scope='mmengine',
        experiment_name=f'fuzz_{random.getrandbits(64)}',
        log_level='CRITICAL',
        # mmengine's default is one dict for all runners, into which a resumed seed goes.
        randomness=dict(seed=None),
        **settings,
    )


def write_checkpoints(root: Path) -> None:
    """Train a line for two epochs."""
    build(root / 'run', 2).train()


def _state(runner: Runner) -> Any:
    optimizer = runner.optim_wrapper.state_dict() if runner.optim_wrapper else None
    return dict(runner.model.state_dict()), optimizer, runner.epoch, runner.iter


def _resume(root: Path, **settings: Any) -> Any:
    # Where the training is over already, resuming is all that happens.
    runner = build(root / 'resumed', 2, resume=True, **settings)
    runner._hooks = []
    runner.train()
    return _state(runner)


def _resume_file(root: Path, file: Path) -> Any:
    return _resume(root, load_from=str(file))


def _resume_last(root: Path, file: Path) -> Any:
    """As ``--resume``: passes over what is harmed."""
    found = find_last_checkpoint(str(root / 'run'))
    if found is None or Path(found).name != file.name:
        raise ValueError(f'{file}: passed over for {found}')
    return _resume(root, load_from=found)


def _load_from(root: Path, file: Path) -> Any:
    runner = build(root / 'loaded', 2, load_from=str(file))
    runner.load_or_resume()
    return dict(runner.model.state_dict())


def _pretrained(_: Path, file: Path) -> Any:
    model = Line()
    WholePretrainedInit(checkpoint=str(file))(model)
    return dict(model.state_dict())


def _whole(_: Path, file: Path) -> Any:
    model = Line()
    load_whole_checkpoint(model, str(file))
    return dict(model.state_dict())


CHECKPOINT_READERS: Mapping[str, Callable[[Path, Path], Any]] = {
    '--resume': _resume_last,
    '--resume FILE': _resume_file,
    'load_from': _load_from,
    'init_cfg': _pretrained,
    'test and labels': _whole,
}


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.path,)


def damaged_checkpoint(content: bytes, rng: random.Random) -> bytes:
    """Put code, wrong types or NaN into a checkpoint, or harm its bytes."""
    if rng.random() < 0.6:
        return damaged(content, rng)
    checkpoint = torch.load(io.BytesIO(content), weights_only=False)
    mark = os.environ['FUZZ_MARK']
    kind = rng.randrange(4)
    if kind == 0:
        place = rng.choice(('meta', 'state_dict', 'message_hub', 'optimizer', 'new'))
        checkpoint[place] = Hostile(mark)
    elif kind == 1:
        code = f'import os; os.mkdir({mark!r})'
        checkpoint['meta'] |= {'config': code, 'cfg': code}
        checkpoint['message_hub']['runtime_info']['cfg'] = code
    elif kind == 2:
        value = rng.choice((torch.nan, torch.inf))
        checkpoint['state_dict'][rng.choice(list(checkpoint['state_dict']))].view(-1)[0] = value
    else:
        checkpoint = _other_type(checkpoint, rng)
    out = io.BytesIO()
    torch.save(checkpoint, out)
    return Rewritten(out.getvalue()) if kind == 3 else out.getvalue()


def _other_type(checkpoint: dict, rng: random.Random) -> Any:
    changed = copy.deepcopy(checkpoint)
    place: Any = changed
    for _ in range(rng.randrange(3)):
        inner = [value for value in place.values() if isinstance(value, dict) and value]
        if inner:
            place = rng.choice(inner)
    key = rng.choice(list(place))
    if rng.random() < 0.4:
        del place[key]
    else:
        place[key] = rng.choice((*VALUES, torch.ones(3), torch.ones(4, 8, dtype=torch.int64)))
    return changed
