"""Finds what would fail in a later stage, before the first one begins."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch import Tensor
from torch.overrides import TorchFunctionMode

from mmwsss.datasets.check import raise_faults
from mmwsss.datasets.image_check import check_images, check_mask_dir
from mmwsss.datasets.number_check import check_steps, wrong_numbers
from mmwsss.datasets.settings_check import (
    check_batch,
    check_num_classes,
    check_own_classes,
    check_workers,
    class_names,
    compare_classes,
)
from mmwsss.pseudo_labels.images import list_images
from mmwsss.registry import DATASETS
from mmwsss.structures import DataError
from mmwsss.structures.fingerprints import settings_fingerprint

from .stages import Stage

_DRAWS = ('kaiming_uniform_', 'uniform_', 'normal_')


class PipelineCheck:
    """Builds what the stages will build, equal things once.

    Args:
        decode (bool): Whether to decode every image and mask, too. Defaults to False.
        processes (int): Processes that will run each stage. Defaults to 1.
        seed (int): Seed of the stages. Defaults to 0.

    Attributes:
        faults (list[str]): A line for each fault of the data.
    """

    def __init__(self, decode: bool = False, processes: int = 1, seed: int = 0) -> None:
        self.decode = decode
        self.processes = processes
        self.seed = seed
        self.faults: list[str] = []
        self._missing: dict[str, list[str]] = {}  # what to install → the stages that need it
        self._seen: set[str] = set()
        self._classes: tuple[str, Sequence[str]] | None = None

    def add_stage(self, stage: Stage, label: str | None = None) -> None:
        """Build a stage's datasets, model and further settings.

        Args:
            stage (Stage): The stage.
            label (str, optional): Name of the stage in messages. Defaults to ``stage 'NAME'``.

        Raises:
            OSError: If a file other than data is missing; names the stage.
            ValueError: If a setting is wrong; names the stage.
        """
        cfg = stage.load_config(self.seed)
        label = label or f'stage {stage.name!r}'
        with self._within(label, cfg.get('default_scope', 'mmwsss')):
            stage.check_settings(cfg, self.processes)
            model = stage.model(cfg)
            if model is not None and self._is_new(model=model, scope=cfg.get('default_scope')):
                with _NoRandomWeights():
                    MODELS.build(model)
            for dataset in _loadable_datasets(stage, cfg):
                self._check_dataset(dataset, cfg, label, stage)
                for folder in stage.mask_folders(cfg):
                    self._check_masks(dataset, folder)

    def add_report(self, report: Mapping, stages: Mapping[str, Stage]) -> None:
        """Check that the report's settings name stages, and build its dataset.

        Args:
            report (Mapping): Settings of the report, see ``write_report``.
            stages (Mapping[str, Stage]): Stages of the pipeline by name.

        Raises:
            ValueError: If a setting names no stage, or one without images.
        """
        for name in [*report['columns'].values(), *report['bars']]:
            if name not in stages:
                raise ValueError(f'report: no stage {name!r}; there are {", ".join(stages)}')
        for heading, name in report['columns'].items():
            if not stages[name].makes_images:
                raise ValueError(
                    f'report.columns: {heading!r} is stage {name!r}, which leaves a checkpoint, no '
                    'images; name a stage that makes response maps, labels or masks'
                )
        if wrong := wrong_numbers(report, {'images': 1}, 'report'):
            raise ValueError(wrong[0])
        if 'dataset' not in report:
            raise ValueError('report: has no dataset, whose images are shown')
        with self._within('report', 'mmwsss'):
            self._compare_classes('report', class_names(DATASETS.build(report['dataset'])))

    def raise_faults(self) -> None:
        """Raise an error for what was found.

        Raises:
            ImportError: If a library is missing; names all stages that need it.
            DataError: If the data is faulty; lists all faults.
        """
        if self._missing:
            lines = (f'{", ".join(stages)}: {what}' for what, stages in self._missing.items())
            raise ImportError('\n'.join(lines))
        raise_faults(list(dict.fromkeys(self.faults)))

    @contextmanager
    def _within(self, label: str, scope: str) -> Iterator[None]:
        """Build within a registry's scope; collect faults of the data, label other errors."""
        try:
            with DefaultScope.overwrite_default_scope(scope):
                yield
        except DataError as error:
            self.faults.append(f'{label}: {error}')
        except ImportError as error:
            self._missing.setdefault(str(error), []).append(label)
        except OSError:
            raise
        except Exception as error:  # whatever the constructor of a wrong component raises
            raise ValueError(f'{label}: {error}') from error

    def _is_new(self, **parts: object) -> bool:
        """Tell whether this is seen for the first time."""
        mark = settings_fingerprint(parts)
        new = mark not in self._seen
        self._seen.add(mark)
        return new

    def _check_dataset(self, settings: Mapping, cfg: Config, label: str, stage: Stage) -> None:
        model, loader = cfg.get('model', {}), cfg.get(stage.section) or {}
        sizes = {key: loader.get(key) for key in ('batch_size', 'num_workers', 'drop_last')}
        if not self._is_new(dataset=settings, model=model, sizes=sizes):
            return
        dataset = DATASETS.build(settings)
        names = class_names(dataset)
        self.faults += check_num_classes(dataset, model, label)
        if names:
            self.faults += check_own_classes(cfg.get('own_classes'), names, label)
        self._compare_classes(label, names)
        if 'dataset' in loader:
            name = f'{label}: {stage.section}'
            self.faults += check_workers(loader, name)
            if stage.section == 'train_dataloader':
                self.faults += check_steps(cfg)
                self.faults += check_batch(dataset, loader, name, self.processes)
        if self.decode and not settings.get('lazy_init') and self._is_new(decoded=settings):
            self.faults += check_images(dataset, label=stage.title)

    def _check_masks(self, dataset: Mapping, folder: str) -> None:
        if not dataset.get('lazy_init') and self._is_new(images=dataset, masks=folder):
            list_images(dict(dataset), folder)
            if self.decode:
                self.faults += check_mask_dir(DATASETS.build(dataset), folder, folder)

    def _compare_classes(self, label: str, names: Sequence[str] | None) -> None:
        """Compare class names with those of the first dataset: masks hold nothing but indices."""
        if not names:
            return
        if self._classes is None:
            self._classes = (label, names)
        first, expected = self._classes
        self.faults += compare_classes(names, label, expected, first)


class _NoRandomWeights(TorchFunctionMode):
    """Leaves out the drawing of random weights, which takes most of a model's construction."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, '__name__', '') in _DRAWS:
            return next(x for x in (*args, *kwargs.values()) if isinstance(x, Tensor))
        return func(*args, **kwargs)


def _loadable_datasets(stage: Stage, cfg: Config) -> list[Mapping]:
    """Return the configs of the datasets that a stage reads.

    One that reads what another stage makes, which is not there yet, is not to be loaded
    (``lazy_init``), and lacks the setting that will name it.
    """
    made = [key for key in stage.inputs if 'dataset' in key]
    return [_lazy(cfg, key) for key in made] or stage.datasets(cfg)


def _lazy(cfg: Config, key: str) -> dict:
    """Return the dataset's config that holds a dotted setting, without it and not to be loaded."""
    *places, name = key.split('.')
    holder: Any = cfg
    for place in places:
        holder = holder[int(place) if place.isdigit() else place]
    return dict(holder, lazy_init=True, **{name: ''})
