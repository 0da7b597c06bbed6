"""Reads arrays of ``.npz`` files, checking each before memory is allocated."""

import math
import zipfile

import numpy as np


def read_array(
    archive: zipfile.ZipFile, name: str, dtype: np.dtype, ndim: int, max_size: int
) -> np.ndarray:
    """Read one array of a known type; what its header claims must match the bytes there.

    Args:
        archive (zipfile.ZipFile): The opened file, as ``np.savez_compressed`` writes it.
        name (str): Name of the array.
        dtype (np.dtype): Type that it must have; object arrays are therefore refused.
        ndim (int): Number of axes that it must have.
        max_size (int): Number of values that it may have.

    Returns:
        np.ndarray: The array.

    Raises:
        ValueError: If the array is another one than asked for, or too large. Damaged bytes raise
            whatever zipfile and numpy raise on them.
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
        if math.prod(shape) > max_size:
            raise ValueError(f'array {name!r} of shape {shape} has more than {max_size} values')
        return np.frombuffer(member.read(), dtype).reshape(shape)
