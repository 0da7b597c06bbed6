"""Runs resume from what came along when their work dir moved, and from what a kill left whole."""

import re
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn

import mmwsss  # noqa: F401 - applies the remedy
from mmwsss.compat.moved_runs import find_last_checkpoint


def record(work_dir: Path, checkpoint: Path | str) -> None:
    work_dir.mkdir(exist_ok=True)
    (work_dir / 'last_checkpoint').write_text(str(checkpoint))


def test_the_recorded_checkpoint_goes_first(tmp_path: Path) -> None:
    for folder in ('run', 'elsewhere'):
        (tmp_path / folder).mkdir()
        save(tmp_path / folder / 'epoch_1.pth')
    elsewhere = str(tmp_path / 'elsewhere/epoch_1.pth')
    record(tmp_path / 'run', elsewhere)
    assert find_last_checkpoint(str(tmp_path / 'run')) == elsewhere


def test_the_same_name_in_the_work_dir_comes_next(tmp_path: Path) -> None:
    record(tmp_path / 'run', '/gone/epoch_1.pth')
    save(tmp_path / 'run/epoch_1.pth')
    save(tmp_path / 'run/epoch_2.pth')
    assert find_last_checkpoint(str(tmp_path / 'run')) == str(tmp_path / 'run/epoch_1.pth')


def test_a_run_that_saved_nothing_begins(tmp_path: Path) -> None:
    (tmp_path / 'epoch_1.pth').touch()
    assert find_last_checkpoint(str(tmp_path)) is None


def test_checkpoints_of_a_store_are_left_to_it(tmp_path: Path) -> None:
    record(tmp_path, 's3://runs/epoch_1.pth')
    assert find_last_checkpoint(str(tmp_path)) == 's3://runs/epoch_1.pth'


def test_a_checkpoint_that_is_nowhere_is_named(tmp_path: Path) -> None:
    record(tmp_path, '/gone/epoch_1.pth')
    message = r'last_checkpoint: there is no /gone/epoch_1\.pth.*--resume FILE.*delete'
    with pytest.raises(FileNotFoundError, match=message):
        find_last_checkpoint(str(tmp_path))


def save(path: Path, cut: bool = False) -> None:
    torch.save({'state_dict': {'weight': torch.zeros(99)}}, path)
    if cut:
        path.write_bytes(path.read_bytes()[:-1])


def test_an_empty_record_means_the_newest_whole_checkpoint(tmp_path: Path) -> None:
    record(tmp_path, '')
    for name in ('epoch_9.pth', 'epoch_10.pth', 'best_mIoU_epoch_12.pth', 'round_30.pth'):
        save(tmp_path / name)
    assert find_last_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_10.pth')
    save(tmp_path / 'epoch_11.pth', cut=True)
    assert find_last_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_10.pth')


def test_nothing_whole_begins_anew(tmp_path: Path) -> None:
    record(tmp_path, '')
    assert find_last_checkpoint(str(tmp_path)) is None
    for named in ('', tmp_path / 'epoch_1.pth', '/gone/epoch_0.pth'):
        record(tmp_path, named)
        save(tmp_path / 'epoch_1.pth', cut=True)
        assert find_last_checkpoint(str(tmp_path)) is None
        (tmp_path / 'epoch_1.pth').write_bytes(b'')
        assert find_last_checkpoint(str(tmp_path)) is None


def test_a_checkpoint_cut_anywhere_is_passed_over(tmp_path: Path) -> None:
    save(tmp_path / 'iter_100.pth')
    save(tmp_path / 'iter_200.pth')
    record(tmp_path, tmp_path / 'iter_200.pth')
    whole = (tmp_path / 'iter_200.pth').read_bytes()
    assert find_last_checkpoint(str(tmp_path)) == str(tmp_path / 'iter_200.pth')
    for length in range(0, len(whole), 37):
        (tmp_path / 'iter_200.pth').write_bytes(whole[:length])
        assert find_last_checkpoint(str(tmp_path)) == str(tmp_path / 'iter_100.pth')


def test_a_recorded_checkpoint_that_made_room_for_one_more(tmp_path: Path) -> None:
    # With max_keep_ckpts=1 the hook removes it before the next is saved and recorded.
    record(tmp_path, tmp_path / 'epoch_1.pth')
    save(tmp_path / 'epoch_2.pth')
    assert find_last_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_2.pth')


def test_an_older_checkpoint_takes_no_place(tmp_path: Path) -> None:
    record(tmp_path, '/gone/epoch_3.pth')
    save(tmp_path / 'epoch_2.pth')
    with pytest.raises(FileNotFoundError, match=r'there is no /gone/epoch_3\.pth'):
        find_last_checkpoint(str(tmp_path))


class Line(BaseModel):
    """A weight that falls by the learning rate in every iteration."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, batch: Tensor, mode: str) -> dict[str, Tensor]:
        return {'loss': self.weight * batch.mean()}


def train(work_dir: Path, epochs: int) -> Runner:
    runner = Runner(
        Line(),
        str(work_dir),
        train_dataloader=dict(
            dataset=torch.ones(2, 1), batch_size=1, sampler=dict(type='DefaultSampler')
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        resume=True,
        default_scope='mmengine',
        experiment_name=f'{work_dir.name}_{epochs}',
    )
    runner.train()
    return runner


def test_a_moved_run_goes_on(tmp_path: Path) -> None:
    train(tmp_path / 'old', epochs=1)
    (tmp_path / 'old').rename(tmp_path / 'new')
    runner = train(tmp_path / 'new', epochs=3)
    assert runner.iter == 6 and runner.model.weight.item() == -6
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert re.search(r'old/epoch_1\.pth is gone.* taking \S+/new/epoch_1\.pth', log)
    assert 'resumed epoch: 1, iter: 2' in log
    last = (tmp_path / 'new/last_checkpoint').read_text()
    assert last == str(tmp_path / 'new/epoch_3.pth')
    assert find_last_checkpoint(str(tmp_path / 'new')) == last


def test_a_run_killed_while_it_saved_goes_on(tmp_path: Path) -> None:
    train(tmp_path, epochs=2)
    saved = tmp_path / 'epoch_2.pth'
    saved.write_bytes(saved.read_bytes()[:1000])
    record(tmp_path, '')
    shutil.rmtree(next(path for path in tmp_path.iterdir() if path.is_dir()))
    runner = train(tmp_path, epochs=3)
    assert runner.iter == 6 and runner.model.weight.item() == -6
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert re.search(
        r'last_checkpoint is empty or damaged: the run was killed; .*taking \S+epoch_1\.pth', log
    )


@pytest.mark.parametrize('content', [b'\xff\xfe\x00', b'epoch_1.pth\nx', b'a\x00b.pth', None])
def test_a_damaged_record_counts_as_none(content: bytes | None, tmp_path: Path) -> None:
    save(tmp_path / 'epoch_1.pth')
    path = tmp_path / 'last_checkpoint'
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    assert find_last_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_1.pth')
