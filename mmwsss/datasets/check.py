"""Checks of a config's data before training: every image is decoded, padding becomes zero."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope

from mmwsss.progress import track
from mmwsss.registry import DATASETS
from mmwsss.structures import DataError

from .transforms import LoadImage, LoadPseudoLabel

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def check_images(dataset: BaseDataset, num_workers: int = 2, label: str = 'check') -> list[str]:
    """Decode every image of a dataset, and its mask and weights where the sample names them.

    Args:
        dataset (BaseDataset): A dataset with ``img_path`` in its samples and, for masks,
            ``seg_map_path`` and ``num_classes``, for weights ``weight_path``.
        num_workers (int): Number of threads; decoding leaves Python's lock. Defaults to 2.
        label (str): Title of the progress bar. Defaults to 'check'.

    Returns:
        list[str]: The faults, one line each, in the dataset's order; empty where all is well.
    """
    infos = (dataset.get_data_info(index) for index in range(len(dataset)))
    with ThreadPoolExecutor(max(1, num_workers)) as pool:
        faults = _bounded_map(pool, _decode, infos, ahead=4 * max(1, num_workers))
        return [fault for fault in track(faults, label, len(dataset)) if fault]


def check_config(cfg: Config, loaders: Sequence[str] = LOADERS, num_workers: int = 2) -> list[str]:
    """Check the data of a config: labels and files, images and masks, and the padding's value.

    Args:
        cfg (Config): A complete config.
        loaders (Sequence[str]): Names of the data loaders to check; those that the config lacks
            are passed over. Defaults to all three.
        num_workers (int): Number of threads that decode. Defaults to 2.

    Returns:
        list[str]: The faults, one line each; empty where all is well.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    faults = []
    checked: list[dict] = []
    for name in loaders:
        settings = (cfg.get(name) or {}).get('dataset')
        if settings is None or settings in checked:
            continue
        checked.append(settings)
        faults += check_padding(settings, cfg.get('model', {}), name)
        try:
            dataset = DATASETS.build(settings)
            dataset.full_init()
        except DataError as error:
            faults.append(str(error))
        else:
            faults += check_num_classes(dataset, cfg.get('model', {}), name)
            faults += check_images(dataset, num_workers, name)
    return faults


def raise_faults(faults: Sequence[str]) -> None:
    """Raise the faults that checks have found.

    Args:
        faults (Sequence[str]): The faults, one line each.

    Raises:
        DataError: If there are faults. Lists all of them.
    """
    if faults:
        raise DataError('\n'.join([f'{len(faults)} faults in the data:', *faults]))


def check_padding(dataset: dict, model: dict, name: str = 'dataset') -> list[str]:
    """Compare the value of ``RandomPad`` with the mean that the model's preprocessor subtracts.

    Args:
        dataset (dict): Config of a dataset; one without ``RandomPad`` passes.
        model (dict): Config of the model, with its ``data_preprocessor``.
        name (str): Name of the dataset in the faults. Defaults to 'dataset'.

    Returns:
        list[str]: The faults, one line each; empty where all is well.
    """
    preprocessor = model.get('data_preprocessor') or {}
    mean = list(preprocessor.get('mean') or (0.0, 0.0, 0.0))
    if preprocessor.get('to_rgb', False):
        mean.reverse()
    return [
        f'{name}: RandomPad has pad_value {tuple(step["pad_value"])}, but the data preprocessor '
        f'subtracts {tuple(mean)} (BGR); set pad_value to that, or the padding is not zero'
        for step in _pipeline_steps(dataset)
        if step.get('type') in ('RandomPad', 'mmwsss.RandomPad')
        and not np.allclose(step['pad_value'], mean, rtol=0, atol=1e-6)
    ]


def _pipeline_steps(dataset: dict) -> Iterator[dict]:
    """Yield the transforms of a dataset's config and of those that it wraps."""
    yield from dataset.get('pipeline', ())
    for inner in [*dataset.get('datasets', ()), *filter(None, [dataset.get('dataset')])]:
        yield from _pipeline_steps(inner)


def check_num_classes(dataset: BaseDataset, model: dict, name: str = 'dataset') -> list[str]:
    """Compare the number of classes of a dataset with those of a model.

    Args:
        dataset (BaseDataset): Dataset with ``metainfo['classes']``.
        model (dict): Config of the model.
        name (str): Name of the dataset in the faults. Defaults to 'dataset'.

    Returns:
        list[str]: The faults, one line each; empty where all is well.
    """
    count = len(dataset.metainfo.get('classes', ()))
    return [
        f'{name}: the data has {count} classes, model.{part}.num_classes is {num_classes}; '
        f'set the num_classes of the model to {count}'
        for part, num_classes in _num_classes_of(model)
        if num_classes != count
    ]


def _num_classes_of(model: dict) -> Iterator[tuple[str, int]]:
    """Yield each part of a classifier or segmentor that has a number of classes, and the number."""
    for part in ('data_preprocessor', 'decode_head', 'auxiliary_head'):
        settings = model.get(part) or {}
        for one in settings if isinstance(settings, (list, tuple)) else [settings]:
            if 'num_classes' in one:
                yield part, one['num_classes']


def _decode(info: dict) -> str | None:
    try:
        results = LoadImage()(info)
        if 'seg_map_path' in info:
            LoadPseudoLabel()(results)
    except DataError as error:
        return str(error)
    return None


def _bounded_map(
    pool: ThreadPoolExecutor,
    function: Callable[[dict], str | None],
    items: Iterable[dict],
    ahead: int,
) -> Iterator[str | None]:
    """Map in order with at most ``ahead`` items under way: a big dataset costs no memory."""
    items = iter(items)
    pending = [pool.submit(function, item) for item in itertools.islice(items, ahead)]
    while pending:
        yield pending.pop(0).result()
        pending += [pool.submit(function, item) for item in itertools.islice(items, 1)]
