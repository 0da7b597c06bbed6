"""Reading one checkpoint file: nothing in it runs, and nothing damaged passes."""

import os.path as osp
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

# Texts that mmengine hands to Config.fromstring, which runs them as Python: Runner.resume the
# first, BaseInferencer without a config the others. The runner has its own config in any case.
_CODE = (('meta', 'config'), ('meta', 'cfg'), ('message_hub', 'runtime_info', 'cfg'))
# Bytes of a tensor that repeats fewer values.
_MAX_REPEATED = 1 << 28
_CORE_MODULES = ('numpy._core.multiarray', 'numpy.core.multiarray')


def read_checkpoint(path: str, map_location: Any = None) -> dict[str, Any]:
    """Read a checkpoint of tensors, mmengine's logs and plain values.

    Args:
        path (str): A local file.
        map_location (Any): See ``torch.load``. Defaults to None.

    Returns:
        dict[str, Any]: The checkpoint, without the texts that mmengine would run as Python.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint, is damaged, holds other objects, or holds weights
            that are not finite. The message names the file.
    """
    path = osp.expanduser(path)
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: there is no such checkpoint')
    try:
        _check_archive(path)
        with torch.serialization.safe_globals(safe_globals()):
            checkpoint = torch.load(path, map_location=map_location, weights_only=True)
        wrong = _wrong_tensors(checkpoint)
    except Exception as error:  # damaged bytes make the readers raise nearly anything
        raise ValueError(f'{path} {_reason(path, error)}') from error
    if not isinstance(checkpoint, dict):
        raise ValueError(
            f'{path}: holds a {type(checkpoint).__name__}, not a checkpoint; save a state dict'
        )
    weights = checkpoint.get('state_dict', {})
    if not isinstance(weights, dict) or not all(isinstance(name, str) for name in weights):
        raise ValueError(f'{path}: its state_dict has no weights by name; save a state dict')
    if not _names_classes(checkpoint.get('meta')):
        raise ValueError(
            f'{path}: its meta has no list of names as the classes of dataset_meta; save it again '
            'without, or with the metainfo of the dataset'
        )
    if wrong:
        raise ValueError(
            f'{path}: {len(wrong)} tensors are not finite, such as {wrong[0]}: the training '
            'diverged; take an earlier checkpoint'
        )
    for keys in _CODE:
        _drop(checkpoint, keys)
    return checkpoint


def _names_classes(meta: object) -> bool:
    """Tell whether a checkpoint names its classes in the form that is read, or not at all."""
    data = meta.get('dataset_meta') if isinstance(meta, dict) else None
    if data is None:
        return True
    names = data.get('classes') if isinstance(data, dict) else ()
    return isinstance(data, dict) and (
        names is None
        or (isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names))
    )


def _wrong_tensors(checkpoint: object) -> list[str]:
    """List the tensors that are not finite.

    Raises:
        ValueError: If a tensor has no values of its own, or is larger than the file's content.
    """
    for name, value in _tensors(checkpoint):
        if value.layout != torch.strided or value.is_nested or value.is_quantized or value.is_meta:
            raise ValueError(f'{name} is no dense tensor with values')
        # A stride of 0 repeats one value: any size at no cost in the file, but in memory.
        size = value.numel() * value.element_size()
        if size > max(value.untyped_storage().nbytes(), _MAX_REPEATED):
            raise ValueError(f'{name} of shape {tuple(value.shape)} has fewer values in the file')
    return not_finite(checkpoint) if isinstance(checkpoint, Mapping) else []


def not_finite(checkpoint: Mapping[str, Any]) -> list[str]:
    """List the weights and the optimiser's states that have values which are not finite.

    A mask of attention, zeros and minus infinity alone, counts as finite.

    Args:
        checkpoint (Mapping[str, Any]): With ``state_dict`` and perhaps ``optimizer``, or a bare
            state dict.

    Returns:
        list[str]: Their names.
    """
    parts = {key: checkpoint[key] for key in ('state_dict', 'optimizer') if key in checkpoint}
    tensors = _tensors(parts or checkpoint)
    return [name for name, value in tensors if not _is_finite(value)]


def _tensors(values: object, name: str = '') -> Iterator[tuple[str, Tensor]]:
    if isinstance(values, Tensor):
        yield name, values
    elif isinstance(values, (Mapping, list, tuple)):
        items = values.items() if isinstance(values, Mapping) else enumerate(values)
        for key, value in items:
            yield from _tensors(value, f'{name}.{key}' if name else str(key))


def _is_finite(value: Tensor) -> bool:
    if not value.is_floating_point() or value.element_size() == 1:
        return True
    finite = value.isfinite()
    if finite.all():
        return True
    rest = value[finite]
    return bool((value[~finite] < 0).all()) and len(rest) > 0 and not rest.any()


def _drop(values: Any, keys: tuple[str, ...]) -> None:
    for key in keys[:-1]:
        values = values.get(key) if isinstance(values, dict) else None
    if isinstance(values, dict):
        values.pop(keys[-1], None)


def _check_archive(path: str) -> None:
    """Compare the checksums of a zip archive, which PyTorch's reader does not look at.

    Raises:
        ValueError: If a part is damaged or compressed. A damaged directory raises whatever zipfile
            raises on it.
    """
    with open(path, 'rb') as file:
        start = file.read(2)
    if not start:
        raise ValueError('the file is empty')
    if start != b'PK':  # PyTorch before 1.6, which had no checksums
        return
    with zipfile.ZipFile(path) as archive:
        # torch.save compresses nothing: what is small on disk cannot become large in memory.
        if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
            raise ValueError('a compressed archive, which torch.save does not write')
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f'checksum of {damaged} is wrong')


def _reason(path: str, error: Exception) -> str:
    """Say in one line why a file cannot be loaded, and what to do."""
    refused = _refused_types(path) if isinstance(error, pickle.UnpicklingError) else []
    if refused:
        return (
            f'cannot be loaded as a checkpoint of tensors: it holds {", ".join(refused)}, which '
            'may run code; if you trust its source, save its tensors alone: torch.save('
            "{'state_dict': torch.load(FILE, weights_only=False)['state_dict']}, NEW)"
        )
    first = next(iter(str(error).splitlines()), '') or type(error).__name__
    if isinstance(error, pickle.UnpicklingError):  # PyTorch advises to unpickle whatever it is
        first = 'not what torch.save writes'
    return (
        f'cannot be loaded as a checkpoint of tensors ({first}): it is damaged or of another kind; '
        'copy or download it again, or take another checkpoint'
    )


def _refused_types(path: str) -> list[str]:
    try:
        with torch.serialization.safe_globals(safe_globals()):
            return torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # the file is damaged as well, or of the old format
        return []


def safe_globals() -> list:
    """List the objects other than tensors that a checkpoint of mmengine may contain.

    Returns:
        list: The objects, in the form that ``torch.serialization.safe_globals`` takes.
    """
    core = np._core if hasattr(np, '_core') else np.core
    dtypes = {type(np.dtype(kind)) for kind in ('f2', 'f4', 'f8', 'i4', 'i8', 'u1', 'u4', 'bool')}
    return [
        HistoryBuffer,
        (_history_buffer_attribute, 'builtins.getattr'),
        slice,
        np.ndarray,
        np.dtype,
        *dtypes,
        *((f, f'{m}.{f.__name__}') for f in _reconstructors(core) for m in _CORE_MODULES),
    ]


def _reconstructors(core: Any) -> tuple[Callable, Callable]:
    return core.multiarray._reconstruct, core.multiarray.scalar


def _history_buffer_attribute(owner: type, name: str) -> Any:
    """Look up a method that a history buffer's state refers to, and refuse everything else."""
    if owner is not HistoryBuffer or name not in ('min', 'max', 'current', 'mean'):
        raise pickle.UnpicklingError(f'attribute {name!r} of {owner!r} is not allowed')
    return getattr(owner, name)
