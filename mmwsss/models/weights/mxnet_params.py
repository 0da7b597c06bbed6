"""Reads MXNet's ``.params`` files (named lists of NDArrays) without MXNet, which is retired.

The format, little-endian: uint64 0x112, uint64 0, uint64 number of arrays, the arrays, uint64
number of names, each name as uint64 length and bytes. An array begins with the magic number of its
version, except in old files (version 0). Every size is checked against what is left of the file
before anything is allocated.
"""

import math
import os
import struct
from pathlib import Path
from typing import NoReturn

import numpy as np

_LIST_MAGIC = 0x112
_VERSIONS = {0xF993FAC8: 1, 0xF993FAC9: 2, 0xF993FACA: 3}
_MAX_DIMS = 32
_DENSE, _SPARSE = 0, (1, 2)
_DEVICES = (1, 2, 3, 5)
_DTYPES = {0: '<f4', 1: '<f8', 2: '<f2', 3: 'u1', 4: '<i4', 5: 'i1', 6: '<i8'}
_RESAVE = 'save it as dense float32 with MXNet'


class _Reader:
    """Reads the bytes of a file from front to back, and refuses to read beyond their end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        self.offset = 0

    @property
    def remaining(self) -> int:
        """Number of bytes that are not read yet."""
        return len(self.data) - self.offset

    def fail(self, problem: str, remedy: str = 'download the file again') -> NoReturn:
        """Raise ValueError with the file, the problem, the position and the remedy."""
        place = f'near byte {self.offset} of {len(self.data)}'
        raise ValueError(f'{self.path}: no whole MXNet .params file: {problem} ({place}); {remedy}')

    def unpack(self, fmt: str, what: str) -> tuple[int, ...]:
        """Read little-endian numbers in a format of ``struct``; ``what`` is for the message."""
        fmt = f'<{fmt}'
        start, size = self.offset, struct.calcsize(fmt)
        if size > self.remaining:
            self.fail(f'the file ends within {what}')
        self.offset += size
        return struct.unpack_from(fmt, self.data, start)

    def count(self, min_bytes: int, what: str) -> int:
        """Read how many things follow that take at least ``min_bytes`` bytes each, a uint64."""
        (number,) = self.unpack('Q', f'the number of {what}')
        if number * min_bytes > self.remaining:
            self.fail(f'{number} {what} do not fit into the file')
        return number


def read_mxnet_params(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the named arrays of an MXNet ``.params`` file.

    Args:
        path (str | os.PathLike): The file. Dense arrays of float16, float32, float64, uint8, int8,
            int32 or int64 are supported, in all four versions of the format.

    Returns:
        dict[str, np.ndarray]: The arrays by name, in the order of the file.

    Raises:
        ValueError: If it is not such a file, is truncated or corrupt, has bytes after its end, or
            holds sparse or empty arrays. The message names the file.
    """
    reader = _Reader(Path(path))
    magic, reserved = reader.unpack('QQ', 'the header')
    if magic != _LIST_MAGIC or reserved != 0:
        reader.fail('the header is not that of a list of arrays')
    arrays = [_read_array(reader, i) for i in range(reader.count(4, 'arrays'))]
    names = [_read_name(reader) for _ in range(reader.count(8, 'names'))]
    if reader.remaining:
        reader.fail(f'{reader.remaining} bytes behind the end')
    if len(names) != len(arrays):
        reader.fail(f'{len(arrays)} arrays but {len(names)} names')
    if len(set(names)) != len(names):
        reader.fail('a name occurs twice')
    return dict(zip(names, arrays))


def _read_name(reader: _Reader) -> str:
    length = reader.count(1, 'bytes of a name')
    start = reader.offset
    reader.offset += length
    try:
        return reader.data[start : reader.offset].decode()
    except UnicodeDecodeError:
        reader.fail('a name is not text')


def _read_array(reader: _Reader, index: int) -> np.ndarray:
    what = f'array {index}'
    (magic,) = reader.unpack('I', what)
    version = _VERSIONS.get(magic, 0)
    if version >= 2:
        (storage,) = reader.unpack('i', what)
        if storage in _SPARSE:
            reader.fail(f'{what} is sparse', _RESAVE)
        if storage != _DENSE:
            reader.fail(f'{what} has the unknown storage type {storage}')
    # Before version 1 there was no magic number: the first word is the number of dimensions.
    dims = reader.unpack('i', what)[0] if version else magic
    if not -1 <= dims <= _MAX_DIMS:
        reader.fail(f'{what} has an unknown version or {dims} dimensions')
    if dims < 0 or (dims == 0 and version < 3):
        reader.fail(f'{what} is empty')
    shape = reader.unpack(f'{dims}q' if version else f'{dims}I', what)
    device, _, kind = reader.unpack('iii', what)
    if device not in _DEVICES:
        reader.fail(f'{what} is on the unknown device {device}')
    if kind not in _DTYPES:
        reader.fail(f'{what} has the unsupported element type {kind}', _RESAVE)
    return _read_elements(reader, shape, np.dtype(_DTYPES[kind]), what)


def _read_elements(
    reader: _Reader, shape: tuple[int, ...], dtype: np.dtype, what: str
) -> np.ndarray:
    size = math.prod(shape)
    if min(shape, default=1) <= 0 or size * dtype.itemsize > reader.remaining:
        reader.fail(f'{what} of shape {shape} does not fit into the file')
    elements = np.frombuffer(reader.data, dtype, size, reader.offset).reshape(shape).copy()
    reader.offset += size * dtype.itemsize
    return elements
