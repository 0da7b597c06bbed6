"""Settings that depend on each other, compared before a model is built with them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope

from mmwsss.registry import DATASETS

from .labels import read_label_file
from .names import BACKGROUND, composed
from .number_check import check_steps, wrong_numbers
from .seeding import SeededTransforms
from .splits import read_split

LABEL_DATASET = 'label_dataset'
_LEAST = {'batch_size': 1, 'num_workers': 0}
# What PyTorch's DataLoader takes only with processes that load.
_OF_WORKERS = {'persistent_workers': False, 'prefetch_factor': None}


def check_settings(cfg: Config, loaders: Sequence[str]) -> list[str]:
    """Check the settings of a run: loaders, batches, and the classes of data, model and config.

    Args:
        cfg (Config): A complete config.
        loaders (Sequence[str]): Names of the data loaders that the run uses, or 'label_dataset';
            those that the config lacks are passed over.

    Returns:
        list[str]: The faults, one line each; empty where all is well.

    Raises:
        DataError: If the classes of a dataset are impossible, or its files have a fault.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    model = cfg.get('model') or {}
    model = model.get('module', model)  # of test-time augmentation
    faults = check_steps(cfg) if 'train_dataloader' in loaders else []
    named: dict[str, Sequence[str]] = {}
    for name in loaders:
        loader = cfg.get(name)
        if not loader:
            continue
        if name == LABEL_DATASET:
            loader = dict(dataset=loader)
        faults += check_workers(loader, name)
        dataset = build_dataset(loader)
        if name != LABEL_DATASET:
            faults += check_num_classes(dataset, model, name)
        if name == 'train_dataloader':
            faults += check_batch(dataset, loader, name)
        classes = class_names(dataset)
        if classes is not None:
            faults += check_own_classes(cfg.get('own_classes'), classes, name)
            for first, expected in list(named.items())[:1]:
                faults += compare_classes(classes, name, expected, first)
            named[name] = classes
    return faults


def build_dataset(loader: Mapping) -> BaseDataset:
    """Build the dataset of a data loader; its files are read only where their number counts.

    Args:
        loader (Mapping): Config of the data loader.

    Returns:
        BaseDataset: The dataset.
    """
    settings = dict(loader['dataset'])
    if not _drops_last(loader):
        settings['lazy_init'] = True
    return DATASETS.build(settings)


def check_workers(loader: Mapping, name: str) -> list[str]:
    """Find wrong numbers of a data loader, and what needs worker processes where it has none.

    Args:
        loader (Mapping): Config of the data loader.
        name (str): Its name in the faults.

    Returns:
        list[str]: The faults, one line each; empty where all is well.
    """
    wrong = wrong_numbers(loader, _LEAST, name)
    if wrong or loader.get('num_workers', 0):
        return wrong
    return [
        f'{name}: num_workers=0 with {key}={loader[key]}, which needs worker processes; set '
        f'{name}.{key}={unset}'
        for key, unset in _OF_WORKERS.items()
        if loader.get(key) not in (unset, None)
    ]


def _drops_last(loader: Mapping) -> bool:
    """Return whether a data loader may leave out all images, since they fill no batch."""
    endless = 'Infinite' in str((loader.get('sampler') or {}).get('type', ''))
    return bool(loader.get('drop_last')) and not endless and not loader.get('batch_sampler')


def check_batch(dataset: BaseDataset, loader: Mapping, name: str, processes: int = 1) -> list[str]:
    """Find trainings without any batch.

    Args:
        dataset (BaseDataset): The dataset.
        loader (Mapping): Config of its data loader.
        name (str): Name of the loader in the faults.
        processes (int): Number of processes that share the images. Defaults to 1.

    Returns:
        list[str]: The fault; empty where all is well.
    """
    if not _drops_last(loader) or wrong_numbers(loader, _LEAST, name):
        return []
    images = -(-count_images(dataset) // processes)
    batch = loader.get('batch_size', 1)
    if images >= batch:
        return []
    return [
        f'{name}: {images} images are fewer than a batch of {batch}, and drop_last leaves out what '
        f'fills none, so that nothing would be trained; set batch_size to {images} or less, or '
        'drop_last=False'
    ]


def count_images(dataset: BaseDataset) -> int:
    """Count the images of a dataset, which may not be loaded yet, as its lists name them.

    Args:
        dataset (BaseDataset): The dataset.

    Returns:
        int: The number of images.
    """
    if isinstance(dataset, SeededTransforms) and not dataset._fully_initialized:
        if dataset.ann_file:
            return len(read_split(dataset.ann_file))
        return len(read_label_file(dataset.label_file, negatives=True).tags)
    return len(dataset)


def class_names(dataset: BaseDataset) -> Sequence[str] | None:
    """Return the names of a dataset's foreground classes, which may not be loaded yet.

    Args:
        dataset (BaseDataset): The dataset.

    Returns:
        Sequence[str] | None: The names; None if the dataset has none.
    """
    names = dataset.metainfo.get('classes')
    if names is None and getattr(dataset, 'label_file', None):
        names = read_label_file(dataset.label_file, negatives=True).classes
    if names is None:
        return None
    return list(names[1:] if names and names[0] == BACKGROUND else names)


def compare_classes(
    names: Sequence[str], label: str, expected: Sequence[str], first: str
) -> list[str]:
    """Compare the classes of two datasets: masks hold nothing but their indices.

    Args:
        names (Sequence[str]): Names of the foreground classes of one.
        label (str): What it is called in the fault.
        expected (Sequence[str]): Names of the foreground classes of the other.
        first (str): What that is called.

    Returns:
        list[str]: The fault, about the first class that differs; empty where all is well.
    """
    for index, (ours, theirs) in enumerate(zip_longest(names, expected, fillvalue='missing')):
        if ours != theirs:
            return [
                f'{label}: class {index} is {ours}, but {theirs} for {first}; give all stages '
                'the same classes in the same order'
            ]
    return []


def check_own_classes(
    own: Sequence[str] | str | None, names: Sequence[str], label: str
) -> list[str]:
    """Compare ``own_classes`` of a config with the classes of a dataset.

    It takes effect where configs/custom reads it alone, in ``classes.py``: a config that inherits
    and sets it, or ``--cfg-options``, changes nothing else.

    Args:
        own (Sequence[str] | str, optional): The setting; None: the config has none.
        names (Sequence[str]): Names of the dataset's foreground classes.
        label (str): What the dataset is called in the fault.

    Returns:
        list[str]: The fault; empty where all is well.
    """
    if own is None:
        return []
    if isinstance(own, str):
        return [f"own_classes is the text {own!r}, not a list; in Python write ('{own}',)"]
    if [composed(name) for name in own] == list(names):
        return []
    return [
        f'own_classes is {", ".join(own)}, but {label} has the classes {", ".join(names)}; write '
        'own_classes into configs/custom/classes.py, the one place where it is read, in the order '
        'of "classes" in image_labels.json'
    ]


def check_num_classes(dataset: BaseDataset, model: dict, name: str = 'dataset') -> list[str]:
    """Compare the number of classes of a dataset with those of a model.

    Args:
        dataset (BaseDataset): Dataset with ``metainfo['classes']``.
        model (dict): Config of the model.
        name (str): Name of the dataset in the faults. Defaults to 'dataset'.

    Returns:
        list[str]: The faults, one line each; empty where all is well.
    """
    names = class_names(dataset)
    if names is None:
        return []
    background = dataset.metainfo.get('classes', ())[:1] == (BACKGROUND,)
    count = len(names) + background
    return [
        f'{name}: the data has {count} classes, model.{part}.num_classes is {num_classes}; '
        f'set the num_classes of the model to {count}'
        for part, num_classes in _num_classes_of(model)
        if num_classes != count
    ]


def _num_classes_of(model: dict) -> Iterator[tuple[str, int]]:
    """Yield each part of a classifier or segmentor that has a number of classes, and the number."""
    for part in ('data_preprocessor', 'head', 'decode_head', 'auxiliary_head'):
        settings = model.get(part) or {}
        for one in settings if isinstance(settings, (list, tuple)) else [settings]:
            if 'num_classes' in one:
                yield part, one['num_classes']
