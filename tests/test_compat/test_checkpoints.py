"""Checkpoints are read without running what they contain."""

import pickle
import warnings
from pathlib import Path

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

import mmwsss  # noqa: F401 - applies the remedy


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


class HostileGetattr:
    """Looks up an attribute that no checkpoint needs."""

    def __reduce__(self):
        return getattr, (HistoryBuffer, '__init__')


def test_message_hub_survives_the_round_trip(tmp_path):
    buffer = HistoryBuffer([1.0, 3.0], [1, 1])
    file = tmp_path / 'epoch_1.pth'
    torch.save({'state_dict': {'w': torch.ones(2)}, 'message_hub': {'log': {'loss': buffer}}}, file)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        checkpoint = CheckpointLoader.load_checkpoint(str(file), map_location='cpu')
    assert checkpoint['message_hub']['log']['loss'].mean() == 2.0
    assert checkpoint['state_dict']['w'].tolist() == [1.0, 1.0]


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path):
    file, mark = tmp_path / 'hostile.pth', tmp_path / 'mark'
    torch.save({'state_dict': Hostile(mark)}, file)
    with pytest.raises(ValueError, match=r'hostile\.pth cannot be loaded'):
        CheckpointLoader.load_checkpoint(str(file), map_location='cpu')
    assert not mark.exists()
    torch.load(file, weights_only=False)
    assert mark.exists(), 'the file of this test is not hostile'


def test_look_up_of_other_attributes_is_refused(tmp_path):
    file = tmp_path / 'hostile.pth'
    torch.save({'state_dict': HostileGetattr()}, file)
    with pytest.raises(ValueError, match=r'hostile\.pth'):
        CheckpointLoader.load_checkpoint(str(file), map_location='cpu')


def test_bare_pickle_is_refused(tmp_path):
    file, mark = tmp_path / 'weights.pkl', tmp_path / 'mark'
    file.write_bytes(pickle.dumps(Hostile(mark)))
    with pytest.raises(ValueError, match=r'weights\.pkl'):
        CheckpointLoader.load_checkpoint(str(file), map_location='cpu')
    assert not mark.exists()


def test_truncated_checkpoint_is_an_error_that_names_it(tmp_path):
    file = tmp_path / 'epoch_1.pth'
    torch.save({'state_dict': {'w': torch.ones(64)}}, file)
    whole = file.read_bytes()
    for length in range(0, len(whole) - 1, 97):
        file.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r'epoch_1\.pth'):
            CheckpointLoader.load_checkpoint(str(file), map_location='cpu')


def test_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nowhere\.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'nowhere.pth'), map_location='cpu')
