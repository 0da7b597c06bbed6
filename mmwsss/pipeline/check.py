"""What would fail in a later stage, told before the first one starts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from os.path import expanduser, isfile

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import METRICS, MODELS, DefaultScope
from torch import Tensor
from torch.overrides import TorchFunctionMode

from mmwsss.datasets.check import check_images, check_num_classes, raise_faults
from mmwsss.datasets.labels import read_label_file
from mmwsss.pseudo_labels import affinity_labels, make as pseudo_labels
from mmwsss.pseudo_labels.images import list_images
from mmwsss.pseudo_labels.settings import label_settings
from mmwsss.refinement.background import Background
from mmwsss.refinement.refiners import ConfidenceThresholds
from mmwsss.registry import DATASETS, REFINERS
from mmwsss.structures import DataError
from mmwsss.structures.fingerprints import settings_fingerprint

from .stage import LABEL_KEYS, Stage

_BACKGROUND = 'background'
_LABEL_SETTINGS = {
    'affinity_labels': affinity_labels.SETTINGS,
    'pseudo_labels': pseudo_labels.SETTINGS,
}
_DRAWS = ('kaiming_uniform_', 'uniform_', 'normal_')


class PipelineCheck:
    """Builds what the stages will build, equal things once.

    Args:
        decode: decode every image and mask, too.
        processes: that will run each stage.

    Attributes:
        faults: of the data, a line each.
    """

    def __init__(self, decode: bool = False, processes: int = 1) -> None:
        self.decode = decode
        self.processes = processes
        self.faults: list[str] = []
        self._missing: dict[str, list[str]] = {}  # what to install → the stages that need it
        self._seen: set[str] = set()
        self._classes: tuple[str, Sequence[str]] | None = None

    def add_stage(self, stage: Stage) -> None:
        """Build a stage's datasets, label settings, metrics and model.

        Raises:
            OSError, ValueError: what is wrong, but for the data and missing libraries.
        """
        cfg = stage.load_config()
        who = f'stage {stage.name!r}'
        if stage.tool == 'test' and stage.checkpoint is None:
            raise ValueError(f'{who}: a test needs checkpoint, the stage whose weights it takes')
        with self._within(who, cfg.get('default_scope', 'mmwsss')):
            if stage.tool in LABEL_KEYS:
                _check_label_settings(stage, cfg)
            if stage.tool == 'train':
                _check_weights(stage, cfg, who)
                stage.share_batch(cfg, self.processes)
            self._check_model(stage, cfg)
            if stage.tool == 'test':
                metrics = cfg.test_evaluator
                for one in [metrics] if isinstance(metrics, Mapping) else metrics:
                    # What only writes masks needs a folder, which the stage's run gives.
                    METRICS.build({key: x for key, x in one.items() if key != 'format_only'})
            self._check_data(stage, cfg, who)

    def add_report(self, report: Mapping, stages: Mapping[str, Stage]) -> None:
        """Check that the report's settings name stages, and build its dataset.

        Args:
            report: see ``write_report``.
            stages: of the pipeline, by name.

        Raises:
            ValueError: a name of no stage, or of one without images.
        """
        for name in [*report['columns'].values(), *report['bars']]:
            if name not in stages:
                raise ValueError(f'report: no stage {name!r}; there are {", ".join(stages)}')
        for heading, name in report['columns'].items():
            if stages[name].tool == 'train':
                raise ValueError(
                    f'report.columns: {heading!r} is stage {name!r}, which leaves a checkpoint, no '
                    'images; name a stage that makes response maps, labels or masks'
                )
        if 'dataset' not in report:
            raise ValueError('report: has no dataset, whose images are shown')
        with self._within('report', 'mmwsss'):
            self._compare_classes('report', _classes_of(DATASETS.build(report['dataset'])))

    def raise_faults(self) -> None:
        """Raise what was found in the data, and which libraries are missing.

        Raises:
            ImportError: a library is missing; names all stages that need it.
            DataError: lists all faults.
        """
        if self._missing:
            lines = (f'{", ".join(stages)}: {what}' for what, stages in self._missing.items())
            raise ImportError('\n'.join(lines))
        raise_faults(list(dict.fromkeys(self.faults)))

    @contextmanager
    def _within(self, who: str, scope: str) -> Iterator[None]:
        """Work in a registry's scope; collect faults of the data, and name others' place."""
        try:
            with DefaultScope.overwrite_default_scope(scope):
                yield
        except DataError as error:
            self.faults.append(f'{who}: {error}')
        except ImportError as error:
            self._missing.setdefault(str(error), []).append(who)
        except OSError:
            raise
        except Exception as error:  # whatever the constructor of a wrong component raises
            raise ValueError(f'{who}: {error}') from error

    def _is_new(self, **parts: object) -> bool:
        """Whether this is seen for the first time."""
        mark = settings_fingerprint(parts)
        new = mark not in self._seen
        self._seen.add(mark)
        return new

    def _check_model(self, stage: Stage, cfg: Config) -> None:
        """Build the model that a stage's tool will build, without weights."""
        if stage.tool == 'affinity_labels':
            return
        if stage.tool == 'pseudo_labels' and not _walks(stage, cfg):
            return
        if self._is_new(model=cfg.model, scope=cfg.get('default_scope')):
            with _NoRandomWeights():
                MODELS.build(cfg.model)

    def _check_data(self, stage: Stage, cfg: Config, who: str) -> None:
        # What another stage will make is not there yet: of such a dataset only the settings count.
        made = [key for key in stage.inputs if 'dataset' in key]
        if made:
            for key in made:
                self._check_dataset(stage, cfg, _lazy_settings(cfg, key), who)
        elif stage.tool in LABEL_KEYS:
            self._check_images(stage, cfg, who)
        else:
            for settings in stage.datasets(cfg):
                self._check_dataset(stage, cfg, settings, who)

    def _check_images(self, stage: Stage, cfg: Config, who: str) -> None:
        """List the images of a label tool and their masks."""
        mask_dir = cfg[stage.tool].get('mask_dir')
        if self._is_new(images=cfg.label_dataset, masks=mask_dir):
            _, metainfo = list_images(cfg.label_dataset, mask_dir)
            self._compare_classes(who, metainfo['classes'])
            self._decode(cfg.label_dataset, lambda: DATASETS.build(cfg.label_dataset), stage)

    def _check_dataset(self, stage: Stage, cfg: Config, settings: Mapping, who: str) -> None:
        model = cfg.get('model', {})
        if not self._is_new(dataset=settings, model=model):
            return
        dataset = DATASETS.build(settings)
        self.faults += check_num_classes(dataset, model, who)
        self._compare_classes(who, _classes_of(dataset))
        if not settings.get('lazy_init'):
            self._decode(settings, lambda: dataset, stage)

    def _decode(self, settings: Mapping, build: Callable[[], BaseDataset], stage: Stage) -> None:
        files = {key: x for key, x in settings.items() if key not in ('pipeline', 'test_mode')}
        if self.decode and self._is_new(files=files):
            self.faults += check_images(build(), label=stage.title)

    def _compare_classes(self, who: str, names: Sequence[str] | None) -> None:
        """Compare class names with those of the first dataset: masks hold nothing but indices."""
        if not names:
            return
        names = list(names[1:] if names[0] == _BACKGROUND else names)
        if self._classes is None:
            self._classes = (who, names)
        first, expected = self._classes
        for index, (ours, theirs) in enumerate(zip_longest(names, expected, fillvalue='missing')):
            if ours != theirs:
                self.faults.append(
                    f'{who}: class {index} is {ours}, but {theirs} for {first}; give all stages '
                    'the same classes in the same order'
                )
                break


class _NoRandomWeights(TorchFunctionMode):
    """Leaves out the drawing of random weights, which takes most of a model's construction."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, '__name__', '') in _DRAWS:
            return next(x for x in (*args, *kwargs.values()) if isinstance(x, Tensor))
        return func(*args, **kwargs)


def _check_weights(stage: Stage, cfg: Config, who: str) -> None:
    for path in stage.initial_weights(stage.with_inputs_named(cfg)):
        if path and not isfile(expanduser(path)):
            raise FileNotFoundError(
                f'{who}: there is no file {path}, which its config names for weights; '
                'docs/backbones.md and docs/segmentation.md tell where weights come from'
            )


def _check_label_settings(stage: Stage, cfg: Config) -> None:
    job = label_settings(cfg, stage.tool, _LABEL_SETTINGS[stage.tool])
    if stage.tool == 'affinity_labels':
        affinity_labels.label_params(job)
        return
    if 'background' in job:
        Background(**job.background)
    ConfidenceThresholds.parse(job.get('ignore_below', 0.0))


def _walks(stage: Stage, cfg: Config) -> bool:
    """Build a stage's refiner; whether it needs a model."""
    if stage.checkpoint is None:
        # Raises if it needs one.
        pseudo_labels.build_refiner(cfg.pseudo_labels, cfg.get('model'), None)
        return False
    return any(step.needs_model for step in REFINERS.build(cfg.pseudo_labels.refiner).steps())


def _lazy_settings(cfg: Config, key: str) -> dict:
    """Settings of the dataset that has a dotted setting, to be built without that."""
    *places, name = key.split('.')
    holder = cfg
    for place in places:
        holder = holder[int(place) if place.isdigit() else place]
    return dict(holder, lazy_init=True, **{name: ''})


def _classes_of(dataset: BaseDataset) -> Sequence[str] | None:
    """Names of a dataset's classes, which may not be loaded yet."""
    names = dataset.metainfo.get('classes')
    if names is None and getattr(dataset, 'label_file', None):
        names = read_label_file(dataset.label_file, negatives=True).classes
    return names
