"""Sizes are checked before memory is taken for them."""

import json
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from mmwsss.datasets.label_folder import LabelFolder
from mmwsss.datasets.labels import read_label_json, read_xml
from mmwsss.structures import CAMStore, DataError, ResponseMap, cam_store


def write_zeros(store: CAMStore, shape: tuple[int, ...], ori_shape: tuple[int, int]) -> Path:
    """A file that is whole and says what it holds, without the memory to make it."""
    path = store.path('a')
    header = {'descr': '|u1', 'fortran_order': False, 'shape': shape}
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        with archive.open('scores.npy', 'w', force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            left = int(np.prod(shape, dtype=np.int64))
            while left > 0:
                left -= member.write(bytes(min(left, 1 << 24)))
        for name, values in (('classes', np.arange(shape[0])), ('ori_shape', np.array(ori_shape))):
            with archive.open(f'{name}.npy', 'w') as member:
                np.lib.format.write_array(member, values.astype(np.int32))
    return path


def test_a_bomb_takes_neither_time_nor_memory(tmp_path: Path) -> None:
    store = CAMStore.create(tmp_path, ['cat', 'dog'])
    path = write_zeros(store, (2, 14_000, 14_000), (14_000, 14_000))
    assert path.stat().st_size < 1 << 20
    begin = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(ValueError, match=r'a\.npz: damaged .*has more than \d+ values'):
        store.read('a')
    assert tracemalloc.get_traced_memory()[1] < 1 << 23
    tracemalloc.stop()
    assert time.perf_counter() - begin < 2


@pytest.mark.parametrize('ori_shape', [(2**31 - 1, 2**31 - 1), (2**31 - 1, 1), (1, 2**29)])
def test_an_image_has_no_such_size(ori_shape: tuple[int, int], tmp_path: Path) -> None:
    store = CAMStore.create(tmp_path, ['cat'])
    write_zeros(store, (1, 2, 2), ori_shape)
    with pytest.raises(ValueError, match=r'a\.npz: damaged .*ori_shape .* more than \d+ pixels'):
        store.read('a')


def test_what_cannot_be_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cam_store, 'MAX_VALUES', 11)
    response = ResponseMap(torch.zeros(1, 3, 4), torch.tensor([0]), (3, 4), 'a')
    with pytest.raises(ValueError, match=r'a\.npz: .*more than 11 values'):
        CAMStore.create(tmp_path, ['cat']).write(response)
    assert not (tmp_path / 'a.npz').exists()


DEEP = '[' * 100_000


def test_deep_json_is_named(tmp_path: Path) -> None:
    for name in ('cam_store.json', 'label_folder.json', 'labels.json'):
        (tmp_path / name).write_text(DEEP)
    for read in (
        lambda: CAMStore.open(tmp_path),
        lambda: LabelFolder.open(tmp_path, 'pseudo'),
        lambda: read_label_json(tmp_path / 'labels.json'),
    ):
        with pytest.raises(ValueError, match=r'\.json: .*nested too deeply'):
            read()


@pytest.mark.parametrize(
    'change', [{'kind': None}, {'kind': 1}, {'classes': [1]}, {'settings': [1]}, {'settings': 3}]
)
def test_a_label_folder_of_wrong_types_is_named(change: dict, tmp_path: Path) -> None:
    LabelFolder.create(tmp_path, 'pseudo', ['cat'], {})
    path = tmp_path / 'label_folder.json'
    meta = {key: x for key, x in (json.loads(path.read_text()) | change).items() if x is not None}
    path.write_text(json.dumps(meta))
    with pytest.raises(DataError, match=r'label_folder\.json: does not describe'):
        LabelFolder.open(tmp_path, 'pseudo')
    with pytest.raises(DataError, match=r'label_folder\.json: does not describe'):
        LabelFolder.create(tmp_path, 'pseudo', ['cat'], {'refiner': 1})


@pytest.mark.parametrize('encoding', ['x-none', 'utf-16', 'rot13', 'base64', 'idna'])
def test_xml_of_another_encoding_is_named(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / 'a.xml'
    path.write_text(f'<?xml version="1.0" encoding="{encoding}"?><a><object/></a>')
    with pytest.raises(DataError, match=r'a\.xml'):
        read_xml(path)
    with pytest.raises(DataError, match='unreadable annotation'):
        read_xml(tmp_path)
