"""The reader of MXNet's .params files against bytes packed by hand."""

import struct
from pathlib import Path

import numpy as np
import pytest

from mmwsss.models.weights.mxnet_params import read_mxnet_params

V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
CPU = struct.pack('<ii', 1, 0)
CODES = {'<f4': 0, '<f8': 1, '<f2': 2, '|u1': 3, '<i4': 4, '|i1': 5, '<i8': 6}


def pack_array(array: np.ndarray, version: int = 2, **change: bytes) -> bytes:
    """The bytes of one array; ``change`` replaces parts of it."""
    word = 'I' if version == 0 else 'q'
    parts = {
        'magic': b'' if version == 0 else struct.pack('<I', (V1, V2, V3)[version - 1]),
        'storage': struct.pack('<i', 0) if version >= 2 else b'',
        'shape': struct.pack(f'<I{array.ndim}{word}', array.ndim, *array.shape),
        'context': CPU,
        'kind': struct.pack('<i', CODES[array.dtype.str]),
        'data': array.tobytes(),
    }
    return b''.join({**parts, **change}.values())


def pack_list(arrays: list[bytes], names: list[bytes], reserved: int = 0) -> bytes:
    packed_names = b''.join(struct.pack('<Q', len(name)) + name for name in names)
    head = struct.pack('<QQQ', 0x112, reserved, len(arrays))
    return head + b''.join(arrays) + struct.pack('<Q', len(names)) + packed_names


def write(folder: Path, data: bytes) -> Path:
    path = folder / 'x.params'
    path.write_bytes(data)
    return path


WEIGHT = np.arange(6, dtype='<f4').reshape(2, 3) / 7


@pytest.mark.parametrize('version', [0, 1, 2, 3])
def test_every_version_of_the_format(tmp_path: Path, version: int) -> None:
    other = np.array([[[-1.5]], [[2.25]]], dtype='<f4')
    data = pack_list(
        [pack_array(WEIGHT, version), pack_array(other, version)],
        [b'arg:conv1a_weight', b'aux:bn7_moving_mean'],
    )
    params = read_mxnet_params(write(tmp_path, data))
    assert list(params) == ['arg:conv1a_weight', 'aux:bn7_moving_mean']
    np.testing.assert_array_equal(params['arg:conv1a_weight'], WEIGHT)
    np.testing.assert_array_equal(params['aux:bn7_moving_mean'], other)


def test_a_file_typed_by_hand(tmp_path: Path) -> None:
    data = bytes.fromhex(
        '1201000000000000 0000000000000000'  # magic, reserved
        '0100000000000000'  # one array
        'c9fa93f9 00000000 01000000 0200000000000000'  # version 2, dense, one dimension of 2
        '01000000 00000000 00000000'  # cpu 0, float32
        '0000803f 000000c0'  # 1, -2
        '0100000000000000 0100000000000000 77'  # one name of one byte: w
    )
    params = read_mxnet_params(write(tmp_path, data))
    assert params['w'].tolist() == [1.0, -2.0]


@pytest.mark.parametrize('dtype', CODES)
def test_every_element_type_is_read(tmp_path: Path, dtype: str) -> None:
    array = np.array([[0, 1, 127], [3, 4, 5]], dtype=dtype)
    params = read_mxnet_params(write(tmp_path, pack_list([pack_array(array)], [b'w'])))
    assert params['w'].dtype == np.dtype(dtype)
    np.testing.assert_array_equal(params['w'], array)


def test_scalar_of_version_3(tmp_path: Path) -> None:
    scalar = np.array(2.5, dtype='<f4')
    params = read_mxnet_params(write(tmp_path, pack_list([pack_array(scalar, 3)], [b's'])))
    assert params['s'].shape == ()
    assert params['s'] == 2.5


def test_arrays_can_be_written_to(tmp_path: Path) -> None:
    params = read_mxnet_params(write(tmp_path, pack_list([pack_array(WEIGHT)], [b'w'])))
    params['w'][0, 0] = 5
    assert params['w'][0, 0] == 5


@pytest.mark.parametrize('version', [0, 1, 2, 3])
def test_truncated_at_every_length(tmp_path: Path, version: int) -> None:
    whole = pack_list([pack_array(WEIGHT, version), pack_array(WEIGHT, version)], [b'one', b'two'])
    for length in range(len(whole)):
        with pytest.raises(ValueError, match=r'x\.params'):
            read_mxnet_params(write(tmp_path, whole[:length]))


HUGE = struct.pack('<I2q', 2, 2**40, 2**40)
BAD = {
    'not a list': b'PK\x03\x04' + bytes(60),
    'reserved word': pack_list([pack_array(WEIGHT)], [b'w'], reserved=1),
    'garbage behind the end': pack_list([pack_array(WEIGHT)], [b'w']) + b'\0',
    'more arrays than bytes': struct.pack('<QQQ', 0x112, 0, 2**60),
    'names missing': pack_list([pack_array(WEIGHT)], []),
    'name twice': pack_list([pack_array(WEIGHT)] * 2, [b'w', b'w']),
    'name not text': pack_list([pack_array(WEIGHT)], [b'\xff\xfe']),
    'long name': pack_list([], [])[:-8] + struct.pack('<QQ', 1, 2**62),
    'row sparse': pack_list([pack_array(WEIGHT, storage=struct.pack('<i', 1))], [b'w']),
    'csr': pack_list([pack_array(WEIGHT, storage=struct.pack('<i', 2))], [b'w']),
    'unknown storage': pack_list([pack_array(WEIGHT, storage=struct.pack('<i', 9))], [b'w']),
    'unknown version': pack_list([pack_array(WEIGHT, magic=struct.pack('<I', V3 + 1))], [b'w']),
    'too large': pack_list([pack_array(WEIGHT, shape=HUGE)], [b'w']),
    'negative size': pack_list([pack_array(WEIGHT, shape=struct.pack('<I2q', 2, -2, -3))], [b'w']),
    'many dimensions': pack_list([pack_array(WEIGHT, shape=struct.pack('<I', 2**31 - 1))], [b'w']),
    'negative dimensions': pack_list([pack_array(WEIGHT, shape=struct.pack('<i', -2))], [b'w']),
    'unknown element type': pack_list([pack_array(WEIGHT, kind=struct.pack('<i', 12))], [b'w']),
    'unknown device': pack_list([pack_array(WEIGHT, context=struct.pack('<ii', 77, 0))], [b'w']),
    'empty array': pack_list([struct.pack('<IiI', V2, 0, 0)], [b'w']),
    'unknown shape': pack_list([struct.pack('<Iii', V3, 0, -1)], [b'w']),
}


@pytest.mark.parametrize('fault', BAD)
def test_a_corrupt_file_is_refused(tmp_path: Path, fault: str) -> None:
    with pytest.raises(ValueError, match=r'x\.params: no whole MXNet \.params file: .*; ') as error:
        read_mxnet_params(write(tmp_path, BAD[fault]))
    assert '\n' not in str(error.value)


def test_any_flipped_byte_is_read_or_refused(tmp_path: Path) -> None:
    whole = bytearray(pack_list([pack_array(WEIGHT)], [b'w']))
    for position in range(len(whole)):
        for value in (0, 1, 0x7F, 0x80, 0xFF):
            changed = whole.copy()
            changed[position] = value
            try:
                params = read_mxnet_params(write(tmp_path, bytes(changed)))
            except ValueError:
                continue
            assert sum(array.nbytes for array in params.values()) <= len(whole)
