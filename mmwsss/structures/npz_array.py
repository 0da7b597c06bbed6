"""Arrays of an ``.npz`` file, each checked before memory is taken for it."""

import math
import zipfile

import numpy as np


def read_array(archive: zipfile.ZipFile, name: str, dtype: np.dtype, ndim: int) -> np.ndarray:
    """Read one array of a known type; what its header claims must match the bytes there.

    Args:
        archive: the opened file, as ``np.savez_compressed`` writes it.
        name: the array's name.
        dtype: what it must hold; object arrays are therefore refused.
        ndim: how many axes it must have.

    Raises:
        ValueError: the array is another one than asked for. Damaged bytes raise whatever zipfile
            and numpy raise on them.
    """
    info = archive.getinfo(f'{name}.npy')
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        if version != (1, 0):
            raise ValueError(f'array {name!r} has npy version {version}, not (1, 0)')
        shape, fortran_order, found = np.lib.format.read_array_header_1_0(member)
        if found != dtype or len(shape) != ndim or fortran_order:
            raise ValueError(f'array {name!r} is {found}{list(shape)}, not {dtype} of {ndim} axes')
        if min(shape) < 0 or math.prod(shape) * dtype.itemsize != info.file_size - member.tell():
            raise ValueError(f'array {name!r} of shape {shape} does not fit its {info.file_size} B')
        return np.frombuffer(member.read(), dtype).reshape(shape)
