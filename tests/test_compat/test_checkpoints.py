"""Checkpoints are read without running what they contain."""

import pickle
import shutil
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

import mmwsss  # noqa: F401 - applies the remedy
from mmwsss.compat import checkpoints


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


SCHEMES = (
    'https://example.org/w.pth',
    'torchvision://resnet50',
    'modelzoo://resnet50',
    'open-mmlab://msra/hrnetv2_w18',
    'openmmlab://msra/hrnetv2_w18',
    'mmcls://vgg11',
    's3://bucket/w.pth',
    'cluster:petrel://bucket/w.pth',
)


@pytest.fixture(params=SCHEMES)
def remote(request, tmp_path, monkeypatch):
    """A function that lets an address lead to the bytes of a file."""

    def serve(file: Path) -> str:
        monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
        monkeypatch.setattr(
            torch.hub, 'download_url_to_file', lambda url, path: shutil.copy(file, path)
        )
        backend = SimpleNamespace(get=lambda address: file.read_bytes())
        monkeypatch.setattr(checkpoints, 'get_file_backend', lambda *_, **__: backend)
        return request.param

    return serve


def test_every_scheme_refuses_code(remote, tmp_path):
    file, mark = tmp_path / 'hostile.pth', tmp_path / 'mark'
    torch.save({'state_dict': Hostile(mark)}, file)
    address = remote(file)
    with pytest.raises(ValueError, match=rf'^(?s:{address}|.*/hub/).*pathlib\.(_local\.)?Path'):
        CheckpointLoader.load_checkpoint(address, map_location='cpu')
    assert not mark.exists()


def test_every_scheme_reads_what_a_run_saved(remote, tmp_path):
    file = tmp_path / 'epoch_1.pth'
    hub = {'log': {'loss': HistoryBuffer([1.0, 3.0], [1, 1])}}
    torch.save({'state_dict': {'backbone.w': torch.ones(2)}, 'message_hub': hub}, file)
    address = remote(file)
    checkpoint = CheckpointLoader.load_checkpoint(address, map_location='cpu')
    if address.startswith('mmcls'):  # which has the backbone alone
        assert checkpoint['state_dict']['w'].tolist() == [1, 1]
    else:
        assert checkpoint['message_hub']['log']['loss'].mean() == 2.0


def test_every_scheme_of_mmengine_has_a_safe_reader():
    loaders = CheckpointLoader._schemes
    for prefix, loader in loaders.items():
        assert loader.__module__.startswith('mmwsss.'), prefix
    with pytest.raises(ValueError, match=r'^pavi://x/y: .* download it'):
        CheckpointLoader.load_checkpoint('pavi://x/y')
    with pytest.raises(ValueError, match=r'^torchvision://resnet51: .*no model of this name'):
        CheckpointLoader.load_checkpoint('torchvision://resnet51')


def test_a_damaged_download_is_named_with_its_copy(tmp_path, monkeypatch):
    def download(url: str, path: str) -> None:
        Path(path).write_bytes(b'<html>not found</html>')

    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    message = r'^https://example\.org/a\.pth: .*delete .*checkpoints/a\.pth to download it again'
    with pytest.raises(ValueError, match=message):
        CheckpointLoader.load_checkpoint('https://example.org/a.pth')


def test_texts_that_mmengine_would_run_are_left_out(tmp_path):
    file = tmp_path / 'epoch_1.pth'
    meta = dict(epoch=1, config='code', cfg='code', dataset_meta={'classes': ['cat']})
    hub = dict(runtime_info=dict(cfg='code', epoch=1))
    torch.save(dict(state_dict={}, meta=meta, message_hub=hub), file)
    checkpoint = CheckpointLoader.load_checkpoint(str(file))
    assert checkpoint['meta'] == dict(epoch=1, dataset_meta={'classes': ['cat']})
    assert checkpoint['message_hub'] == dict(runtime_info=dict(epoch=1))


def test_a_flipped_bit_anywhere_changes_no_weight(tmp_path):
    file = tmp_path / 'epoch_1.pth'
    weights = torch.arange(64.0)
    torch.save({'state_dict': {'w': weights}, 'meta': {'epoch': 1}}, file)
    whole = file.read_bytes()
    refused = 0
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        try:
            checkpoint = CheckpointLoader.load_checkpoint(str(file), map_location='cpu')
        except ValueError as error:
            assert 'epoch_1.pth' in str(error) and '\n' not in str(error)
            refused += 1
        else:  # padding, or a time
            assert checkpoint['state_dict']['w'].equal(weights)
            assert checkpoint['meta'] == {'epoch': 1}
    assert refused > len(whole) / 7 / 4


def test_a_compressed_archive_is_refused(tmp_path):
    plain, bomb = tmp_path / 'plain.pth', tmp_path / 'bomb.pth'
    torch.save({'w': torch.zeros(1 << 20)}, plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(bomb, 'w', zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, old.read(part))
    with pytest.raises(ValueError, match=r'bomb\.pth .*compressed'):
        CheckpointLoader.load_checkpoint(str(bomb))


@pytest.mark.parametrize('content', [torch.ones(2), [1], 'text', None])
def test_what_is_no_dict_is_named(content, tmp_path):
    torch.save(content, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match=r'w\.pth: holds a .*not a checkpoint'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'w.pth'))


def test_weights_that_are_not_finite_are_refused(tmp_path):
    mask = torch.zeros(3, 3).masked_fill(torch.ones(3, 3).triu(1).bool(), -torch.inf)
    good = {'state_dict': {'w': torch.ones(2), 'mask': mask, 'n': torch.tensor(1)}}
    torch.save(good, tmp_path / 'good.pth')
    CheckpointLoader.load_checkpoint(str(tmp_path / 'good.pth'))
    momentum = {'state': {0: {'momentum_buffer': torch.tensor([1, torch.nan])}}}
    for bad in (
        {'state_dict': {'w': torch.tensor([1, torch.nan])}},
        {'state_dict': {'w': torch.tensor([1, torch.inf])}},
        {'state_dict': {'w': torch.tensor([1, -torch.inf])}},
        {'state_dict': {'w': torch.tensor([1, torch.nan]).half()}},
        {'w': torch.tensor([torch.nan])},
        {'state_dict': {}, 'optimizer': momentum},
    ):
        torch.save(bad, tmp_path / 'bad.pth')
        with pytest.raises(ValueError, match=r'bad\.pth: 1 tensors are not finite, such as'):
            CheckpointLoader.load_checkpoint(str(tmp_path / 'bad.pth'))


def _within_itself() -> dict:
    values: dict = {}
    values['state_dict'] = values
    return values


@pytest.mark.parametrize(
    'weights',
    [
        torch.ones(1).expand(1 << 20, 1 << 20),
        torch.ones(4, 8, device='meta'),
        torch.ones(4, 8).to_sparse(),
        torch.ones(4, 8).to_sparse_csr(),
        torch.quantize_per_tensor(torch.ones(4, 8), 0.1, 0, torch.qint8),
        torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        _within_itself(),
    ],
    ids=['repeated', 'meta', 'sparse', 'csr', 'quantized', 'nested', 'within itself'],
)
def test_tensors_without_dense_values_are_refused_by_name(weights, tmp_path):
    file = tmp_path / 'odd.pth'
    torch.save({'state_dict': {'w': weights}}, file)
    with pytest.raises(ValueError, match=r'odd\.pth cannot be loaded') as caught:
        CheckpointLoader.load_checkpoint(str(file), map_location='cpu')
    assert '\n' not in str(caught.value)


def test_a_buffer_that_repeats_a_few_values_is_read(tmp_path):
    file = tmp_path / 'model.pth'
    torch.save({'state_dict': {'w': torch.arange(3.0).expand(2, 3)}}, file)
    checkpoint = CheckpointLoader.load_checkpoint(str(file), map_location='cpu')
    assert checkpoint['state_dict']['w'].tolist() == [[0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize('weights', [None, 1, 'w', [torch.ones(1)], {0: torch.ones(1)}], ids=str)
def test_weights_without_names_are_refused_by_name(weights, tmp_path):
    file = tmp_path / 'model.pth'
    torch.save({'state_dict': weights}, file)
    with pytest.raises(ValueError, match=r'model\.pth: its state_dict'):
        CheckpointLoader.load_checkpoint(str(file), map_location='cpu')


@pytest.mark.parametrize(
    'content', [b'a = 1\n' * 99, b'\x80\x04K\x01.', b'version https://git-lfs']
)
def test_nobody_is_advised_to_unpickle_what_is_no_checkpoint(content, tmp_path):
    (tmp_path / 'x.pth').write_bytes(content)
    with pytest.raises(ValueError, match=r'x\.pth cannot be loaded .*copy or download') as error:
        CheckpointLoader.load_checkpoint(str(tmp_path / 'x.pth'), map_location='cpu')
    assert 'weights_only' not in str(error.value)


@pytest.mark.parametrize('meta', [[1], 'x', {'classes': 3}, {'classes': 'cat'}, {'classes': [1]}])
def test_classes_of_another_form_are_named(meta, tmp_path):
    path = tmp_path / 'x.pth'
    torch.save({'state_dict': {'w': torch.ones(1)}, 'meta': {'dataset_meta': meta}}, path)
    with pytest.raises(ValueError, match=r'x\.pth: its meta has no list of names as the classes'):
        CheckpointLoader.load_checkpoint(str(path), map_location='cpu')


@pytest.mark.parametrize('meta', [None, {}, {'classes': None}, {'classes': ('cat',)}])
def test_classes_of_the_known_forms_are_read(meta, tmp_path):
    path = tmp_path / 'x.pth'
    torch.save({'state_dict': {'w': torch.ones(1)}, 'meta': {'dataset_meta': meta}}, path)
    read = CheckpointLoader.load_checkpoint(str(path), map_location='cpu')
    assert read['meta']['dataset_meta'] == meta
