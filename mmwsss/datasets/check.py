"""Checks of a config's data before training: every image takes the way of the training."""

from collections.abc import Iterator, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmwsss.registry import DATASETS
from mmwsss.structures import DataError
from mmwsss.structures.counting import counted

from .image_check import check_images, check_mask_dir
from .settings_check import LABEL_DATASET, check_num_classes

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader', LABEL_DATASET)
LABEL_TOOLS = ('affinity_labels', 'pseudo_labels')


def check_config(cfg: Config, loaders: Sequence[str] = LOADERS, num_workers: int = 2) -> list[str]:
    """Check the data of a config: labels and files, images and masks, and the padding's value.

    Args:
        cfg (Config): A complete config.
        loaders (Sequence[str]): Names of the data loaders to check; those that the config lacks
            are passed over. Defaults to all three.
        num_workers (int): Number of processes that decode. Defaults to 2.

    Returns:
        list[str]: The faults, one line each; empty where all is well. A config without any of the
        loaders is a fault: nothing was checked.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    faults = []
    checked: list[dict] = []
    for name in loaders:
        settings = cfg.get(name) if name == LABEL_DATASET else (cfg.get(name) or {}).get('dataset')
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
            if name != LABEL_DATASET:
                faults += check_num_classes(dataset, cfg.get('model', {}), name)
            faults += check_images(dataset, num_workers, name)
            if name == LABEL_DATASET:
                for folder in _mask_dirs(cfg):
                    faults += check_mask_dir(dataset, folder, folder)
    if not checked:
        faults.append(
            f'{cfg.filename or "config"}: has none of {", ".join(loaders)}, so that nothing is '
            'checked; name a config with data'
        )
    return faults


def _mask_dirs(cfg: Config) -> list[str]:
    """List the folders of masks that the label tools measure with."""
    folders = ((cfg.get(tool) or {}).get('mask_dir') for tool in LABEL_TOOLS)
    return list(dict.fromkeys(filter(None, folders)))


class DataFaults(DataError):
    """One or more faults that checks of data have found.

    Args:
        faults (Sequence[str]): The faults, one line each.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__('\n'.join([f'{counted(len(faults), "fault")} in the data:', *faults]))
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple:
        """Return how it is unpickled, in the process of a pool's caller."""
        return type(self), (self.faults,)


def raise_faults(faults: Sequence[str]) -> None:
    """Raise the faults that checks have found.

    Args:
        faults (Sequence[str]): The faults, one line each.

    Raises:
        DataFaults: If there are faults. Lists all of them.
    """
    if faults:
        raise DataFaults(faults)


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
