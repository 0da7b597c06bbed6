"""Response maps on disk: small files that appear whole and can be read with numpy alone."""

import io
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from .atomic import TEMPORARY_PREFIX, atomic_open
from .fingerprints import content_fingerprint
from .img_id import img_id_path
from .json_file import read_json
from .npz_array import read_array
from .response_map import ResponseMap

META_NAME = 'cam_store.json'
FORMAT = 'mmwsss.CAMStore'
VERSION = 1
_DTYPES: dict[str, np.dtype] = {'uint8': np.dtype('|u1'), 'float16': np.dtype('<f2')}
_REMEDY = 'write the store again by tools/test.py --out, or name its folder'
_INT32 = np.dtype('<i4')
# Of the maps of an image: 20 classes at 1/8 of the resolution of 14,000 x 14,000 pixels.
MAX_VALUES = 1 << 26


class CAMStore:
    """A folder with one compressed ``.npz`` per image and one JSON that describes them.

    ``<root>/<img_id>.npz`` holds ``scores`` (K, h, w) of the present classes at the network's
    resolution, ``classes`` int32 (K,) and ``ori_shape`` int32 (2,) = (H, W). With dtype 'uint8'
    a score is value / 255 (error at most 1/510, exact when written again), with 'float16' the
    value itself. ``<root>/cam_store.json`` has format, version, dtype and class names.

    Files appear whole or not at all, so that several processes may write into one store. Get one
    from :meth:`create` or :meth:`open`.

    Args:
        root (str | os.PathLike): The folder.
        classes (Sequence[str]): Names of the foreground classes.
        dtype (str): 'uint8' or 'float16'.
    """

    def __init__(self, root: str | os.PathLike, classes: Sequence[str], dtype: str) -> None:
        self.root = Path(root)
        self.classes = tuple(classes)
        self.dtype = dtype

    @classmethod
    def create(
        cls, root: str | os.PathLike, classes: Sequence[str], dtype: str = 'uint8'
    ) -> 'CAMStore':
        """Create a store, or open an existing one if classes and dtype are the same.

        Args:
            root (str | os.PathLike): A new or empty folder, or a store.
            classes (Sequence[str]): Names of the foreground classes.
            dtype (str): 'uint8' or 'float16'. Defaults to 'uint8'.

        Returns:
            CAMStore: The store.

        Raises:
            ValueError: If the folder holds other files, or a store of other classes or dtype.
        """
        if dtype not in _DTYPES:
            raise ValueError(f'CAMStore: dtype {dtype!r}, expected one of {sorted(_DTYPES)}')
        root = Path(root)
        root.mkdir(parents=True, exist_ok=True)
        others = [name for name in os.listdir(root) if not name.startswith(TEMPORARY_PREFIX)]
        if (root / META_NAME).exists():
            store = cls.open(root, classes)
            if store.dtype != dtype:
                raise ValueError(
                    f'{root}: a store of {store.dtype}, not {dtype}: take another folder'
                )
            return store
        if others:
            raise ValueError(f'{root}: neither empty nor a CAMStore: take another folder')
        meta = {'format': FORMAT, 'version': VERSION, 'dtype': dtype, 'classes': list(classes)}
        with atomic_open(root / META_NAME) as file:
            file.write(json.dumps(meta, indent=1).encode())
        return cls(root, classes, dtype)

    @classmethod
    def open(cls, root: str | os.PathLike, classes: Sequence[str] | None = None) -> 'CAMStore':
        """Open a store.

        Args:
            root (str | os.PathLike): Its folder.
            classes (Sequence[str], optional): The class names that it must have been written with.
                Defaults to None: any.

        Returns:
            CAMStore: The store.

        Raises:
            FileNotFoundError: If there is no store.
            ValueError: If its description is damaged, of another version or of other classes.
        """
        path = Path(root) / META_NAME
        if not path.is_file():
            raise FileNotFoundError(
                f'{path}: no such file, so no CAMStore; write one with CAMStoreHook'
            )
        meta = _read_meta(path)
        if classes is not None and tuple(classes) != tuple(meta['classes']):
            raise ValueError(
                f'{path}: written for the classes {", ".join(meta["classes"])} but '
                f'{", ".join(classes)} are wanted: take the store of this dataset'
            )
        return cls(root, meta['classes'], meta['dtype'])

    def path(self, img_id: str) -> Path:
        """Return the file of an image.

        Args:
            img_id (str): Id of the image.

        Returns:
            Path: The file, which need not exist.

        Raises:
            ValueError: If the id would lead out of the store.
        """
        return img_id_path(self.root, img_id, '.npz')

    def write(self, response: ResponseMap) -> Path:
        """Write the response maps of an image.

        Args:
            response (ResponseMap): The response maps.

        Returns:
            Path: The file.

        Raises:
            ValueError: If the store has no name for a class.
        """
        path = self.path(response.img_id)
        self._check_classes(path, response.classes)
        scores = response.scores.cpu()
        if scores.numel() > MAX_VALUES:
            raise ValueError(
                f'{path}: maps of shape {tuple(scores.shape)} have more than {MAX_VALUES} values; '
                'store them at the resolution of the network'
            )
        if self.dtype == 'uint8':
            scores = (scores * 255).round()
        with atomic_open(path) as file:
            np.savez_compressed(
                file,
                scores=np.ascontiguousarray(scores.numpy(), dtype=_DTYPES[self.dtype]),
                classes=response.classes.cpu().numpy().astype(_INT32),
                ori_shape=np.array(response.ori_shape, _INT32),
            )
        return path

    def read(self, img_id: str) -> ResponseMap:
        """Read the response maps of an image.

        Args:
            img_id (str): Id of the image.

        Returns:
            ResponseMap: The response maps.

        Raises:
            FileNotFoundError: If the store has no such image.
            ValueError: If the file is damaged or not of this store. The message names it.
        """
        return self._decode(img_id, self._content(img_id))

    def read_with_fingerprint(self, img_id: str) -> tuple[ResponseMap, str]:
        """Read the response maps of an image, and compute the fingerprint of their file.

        Args:
            img_id (str): Id of the image.

        Returns:
            tuple[ResponseMap, str]: The response maps, and ``file_fingerprint`` of their file.

        Raises:
            FileNotFoundError: If the store has no such image.
            ValueError: If the file is damaged or not of this store. The message names it.
        """
        content = self._content(img_id)
        return self._decode(img_id, content), content_fingerprint(content)

    def _content(self, img_id: str) -> bytes:
        path = self.path(img_id)
        if not path.is_file():
            raise FileNotFoundError(f'{path}: no response maps of {img_id!r} in this store')
        return path.read_bytes()

    def _decode(self, img_id: str, content: bytes) -> ResponseMap:
        """Turn a file's bytes into response maps; errors name the file."""
        path = self.path(img_id)
        try:
            response = self._parse(content, img_id)
        except Exception as error:  # zipfile and numpy raise many kinds on damaged bytes
            reason = ' '.join(str(error).split()) or type(error).__name__
            raise ValueError(f'{path}: damaged ({reason}): delete it and write it again') from error
        self._check_classes(path, response.classes)
        return response

    def _parse(self, content: bytes, img_id: str) -> ResponseMap:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            classes = read_array(archive, 'classes', _INT32, 1, len(self.classes))
            ori_shape = read_array(archive, 'ori_shape', _INT32, 1, 2)
            stored = read_array(archive, 'scores', _DTYPES[self.dtype], 3, MAX_VALUES)
        scores = torch.from_numpy(stored.astype(np.float32))
        if self.dtype == 'uint8':
            scores /= 255
        indices = torch.from_numpy(classes.astype(np.int64))
        return ResponseMap(scores, indices, ori_shape.tolist(), img_id)

    def _check_classes(self, path: Path, classes: torch.Tensor) -> None:
        """Refuse a class index that the store has no name for."""
        if len(classes) and int(classes[-1]) >= len(self.classes):
            raise ValueError(
                f'{path}: class index {int(classes[-1])} but the store has only '
                f'{len(self.classes)} classes: model and store disagree'
            )

    def ids(self) -> list[str]:
        """List the ids of all images, sorted.

        Returns:
            list[str]: The ids.
        """
        return sorted(path.relative_to(self.root).as_posix()[:-4] for path in self._files())

    def _files(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.root):
            for name in names:
                if name.endswith('.npz') and not name.startswith(TEMPORARY_PREFIX):
                    yield Path(folder, name)

    @property
    def nbytes(self) -> int:
        """Size of all files of the store in bytes."""
        files = [*self._files(), self.root / META_NAME]
        return sum(path.stat().st_size for path in files)

    def __contains__(self, img_id: str) -> bool:
        return self.path(img_id).is_file()

    def __len__(self) -> int:
        return sum(1 for _ in self._files())

    def __iter__(self) -> Iterator[ResponseMap]:
        return (self.read(img_id) for img_id in self.ids())


def _read_meta(path: Path) -> dict:
    """Read and check the JSON that makes a folder a store."""
    meta = read_json(path, _REMEDY)
    if not isinstance(meta, dict) or meta.get('format') != FORMAT:
        raise ValueError(f'{path}: does not describe a CAMStore; {_REMEDY}')
    if meta.get('version') != VERSION:
        raise ValueError(
            f'{path}: store version {meta.get("version")!r}, this mmwsss reads {VERSION}: '
            'write it again or install the mmwsss that wrote it'
        )
    classes = meta.get('classes')
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError(f'{path}: "classes" is not a list of names; {_REMEDY}')
    if meta.get('dtype') not in list(_DTYPES):  # it may be of any type
        raise ValueError(
            f'{path}: "dtype" is {meta.get("dtype")!r}, not one of {sorted(_DTYPES)}; {_REMEDY}'
        )
    return meta
