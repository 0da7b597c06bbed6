"""What the tools that make label maps share: images, processes and failures."""

import os
import socket
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from mmengine.config import Config, ConfigDict
from mmengine.dist import (
    all_gather_object,
    get_dist_info,
    init_dist,
    is_distributed,
)
from mmengine.registry import init_default_scope
from PIL import Image

from mmwsss.compat.cpu_distributed import prepare_cpu_distributed
from mmwsss.datasets.transforms import LoadImage
from mmwsss.process_pool import ImageError
from mmwsss.registry import DATASETS
from mmwsss.structures import CAMStore, DataError, ResponseMap, img_id_path

# Starting a pool of any size takes as long as the CRF of so many small images (6 s of 0.15 s).
_START_COST = 40


class TaggedImage(NamedTuple):
    """An image that labels are made for.

    Attributes:
        img_id: its path below the image root, without suffix.
        img_path: its file.
        labels: ascending indices of the classes that it shows.
        mask_path: its true mask, where there is one.
    """

    img_id: str
    img_path: str
    labels: tuple[int, ...]
    mask_path: str | None


def list_images(dataset: dict, mask_dir: str | None) -> tuple[list[TaggedImage], dict]:
    """Build a dataset of image-level labels and list its images.

    Args:
        dataset: its config.
        mask_dir: folder with ``<img_id>.png`` of true masks, of some images or of all; None
            where nothing is to be measured.

    Returns:
        the images in the dataset's order, and the dataset's metainfo.

    Raises:
        DataError: a fault of the data, or a folder without any of the masks.
    """
    built = DATASETS.build(dataset)
    infos = [built.get_data_info(index) for index in range(len(built))]
    images = [
        TaggedImage(
            info['img_id'], info['img_path'], tuple(info['gt_label']), _mask(mask_dir, info)
        )
        for info in infos
    ]
    if mask_dir and not any(image.mask_path for image in images):
        raise DataError(
            f'{mask_dir}: no mask of any image, for example {images[0].img_id}.png; correct '
            'mask_dir, or set it to None to measure nothing'
        )
    return images, built.metainfo


def _mask(mask_dir: str | None, info: dict) -> str | None:
    path = str(img_id_path(mask_dir, info['img_id'], '.png')) if mask_dir else ''
    return path if os.path.isfile(path) else None


def load_rgb(img_path: str) -> np.ndarray:
    """Load an image as uint8 RGB, shape (H, W, 3)."""
    return LoadImage()({'img_path': img_path})['img'][..., ::-1]


def read_response(store: CAMStore, image: TaggedImage, size: Sequence[int]) -> ResponseMap:
    """Read an image's response maps, those of the classes that its labels forbid left out.

    Args:
        store: where they are.
        image: whose.
        size: (H, W) of the image.

    Raises:
        ValueError: the maps were made of an image of another size, or a class that the labels
            name has none.
    """
    response = store.read(image.img_id)
    if response.ori_shape != tuple(size):
        raise ValueError(
            f'{store.path(image.img_id)}: maps of an image of {response.ori_shape} pixels, but '
            f'{image.img_path} has {tuple(size)}: make the response maps again'
        )
    missing = sorted(set(image.labels) - set(response.classes.tolist()))
    if missing:
        names = ', '.join(repr(store.classes[label]) for label in missing)
        raise ValueError(
            f'{store.path(image.img_id)}: no response map of {names}, which the image-level '
            'labels name: make the response maps again with these labels'
        )
    keep = np.isin(response.classes.numpy(), image.labels)
    return ResponseMap(
        response.scores[keep], response.classes[keep], response.ori_shape, response.img_id
    )


def job_config(
    cfg: Config, key: str, known: Sequence[str], cams: str | None, out: str | None
) -> ConfigDict:
    """Return ``cfg[key]`` with the folders that the command line gave.

    Args:
        cfg: a tool's config.
        key: the tool's place in it.
        known: names of the settings there.
        cams: the CAMStore, in place of the config's.
        out: the folder of the labels, in place of the config's.

    Raises:
        ValueError: the config does not say how to make these labels, or has an unknown setting.
    """
    if key not in cfg or 'label_dataset' not in cfg:
        raise ValueError(
            f'{cfg.filename}: has no {key} and label_dataset; take configs/affinitynet.py or '
            'inherit it'
        )
    job = cfg[key]
    unknown = [name for name in job if name not in known]
    if unknown:
        raise ValueError(
            f'{cfg.filename}: {key} has no setting {unknown[0]!r}; it has {", ".join(known)}'
        )
    if cams:
        job.cam_store = cams
    if out:
        job.out_dir = out
    return job


def start(cfg: Config) -> None:
    """Set the config's scope and start the processes that ``cfg.launcher`` asks for."""
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    launcher = cfg.get('launcher', 'none')
    if launcher != 'none' and not is_distributed() and not prepare_cpu_distributed(cfg):
        init_dist(launcher, **cfg.get('env_cfg', {}).get('dist_cfg', {}))


def my_share(items: Sequence) -> Sequence:
    """Every world_size-th item: those of this process."""
    rank, world_size = get_dist_info()
    return items[rank::world_size]


def by_size(images: Iterable[TaggedImage]) -> list[TaggedImage]:
    """Images ordered by their size, of which only the files' headers are read."""
    return sorted(images, key=_size)


def _size(sample: TaggedImage) -> tuple[int, int]:
    try:
        with Image.open(sample.img_path) as image:
            return image.size
    except Exception:  # PIL raises many kinds; whoever reads the image names it
        return 0, 0


def usable_workers(workers: int | None, images: int) -> int:
    """How many pool processes to use; all processes of the job ask together.

    Args:
        workers: as asked for; None: the cores that this process may use, divided among those
            processes of the job that may use them too, and none where that is one or the images
            are few.
        images: how many there are to work on.
    """
    if workers is not None:
        return workers
    cores = _cores()
    everywhere = all_gather_object((socket.gethostname(), cores))
    sharing = sum(
        host == socket.gethostname() and not cores.isdisjoint(others) for host, others in everywhere
    )
    mine = len(cores) // sharing
    # What the pool saves, images * (1 - 1 / mine), must outweigh the import of the package.
    return mine if images * (mine - 1) >= _START_COST * mine else 0


def _cores() -> set[int]:
    """The cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def collect_failures(results: Iterable[object]) -> list[ImageError]:
    """Exhaust the results of a pool and return its failures."""
    return [result for result in results if isinstance(result, ImageError)]


def raise_failures(failures: Sequence[ImageError], total: int) -> None:
    """Raise on every process if any process has a failure.

    Raises:
        RuntimeError: names the first images and what was wrong with them.
    """
    count, lines = gather_lines([str(failure) for failure in failures])
    if count:
        raise RuntimeError(
            f'{count} of {total} images failed; the others are done, run again when these are '
            f'corrected:\n{lines}'
        )


def gather_lines(lines: Sequence[str]) -> tuple[int, str]:
    """How many lines all processes have together, and the first five of them."""
    everywhere = sorted(line for gathered in all_gather_object(lines) for line in gathered)
    more = [f'… and {len(everywhere) - 5} more'] if len(everywhere) > 5 else []
    return len(everywhere), '\n'.join([*everywhere[:5], *more])
