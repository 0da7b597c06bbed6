"""A stage of a pipeline: which tool runs on which config, and what comes of it."""

import copy
import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from mmwsss.compat.moved_runs import find_last_checkpoint
from mmwsss.evaluation.mask_folders import metric_folders
from mmwsss.structures.fingerprints import local_weights

from .records import StageRecord
from .shipped import SHIPPED

SCRIPTS = {
    'train': 'train.py',
    'test': 'test.py',
    'affinity_labels': 'make_affinity_labels.py',
    'pseudo_labels': 'make_pseudo_labels.py',
}
METRICS_NAME = 'metrics.json'
LABEL_KEYS = ('affinity_labels', 'pseudo_labels')
# What mmengine's runners and the hooks of this package read of a config to train, but for what is
# logged and where.
TRAINED_WITH = (
    'activation_checkpointing', 'auto_scale_lr', 'compile', 'custom_hooks', 'custom_imports',
    'data_preprocessor', 'default_hooks', 'default_scope', 'efficient_conv_bn_eval', 'env_cfg',
    'find_unused_parameters', 'load_from', 'model', 'model_wrapper_cfg', 'optim_wrapper',
    'param_scheduler', 'randomness', 'runner_type', 'strategy', 'sync_bn', 'train_cfg',
    'train_dataloader',
)  # fmt: skip
_READ = {
    'train': TRAINED_WITH,
    'affinity_labels': ('label_dataset', 'affinity_labels'),
    'pseudo_labels': ('label_dataset', 'pseudo_labels', 'model'),
    'test': ('model', 'test_dataloader', 'test_evaluator', 'test_cfg', 'custom_hooks'),
}


@dataclass(frozen=True)
class Stage:
    """What a pipeline's config says of a stage; see docs/pipeline.md.

    Attributes:
        name: its key there, and its folder's name.
        tool: a key of ``SCRIPTS``.
        config: the file of the config that the tool gets.
        title: what people call the stage.
        cfg_options: what replaces settings of that config.
        inputs: setting of that config, dotted → stage whose output it names.
        checkpoint: stage whose weights the tool gets, for 'test' and 'pseudo_labels'.
        checkpoint_file: a file in that stage's work dir in place of its last checkpoint.
        reference: the thesis's figure on VOC 2012.
    """

    name: str
    tool: str
    config: str
    title: str
    cfg_options: Mapping
    inputs: Mapping[str, str]
    checkpoint: str | None = None
    checkpoint_file: str | None = None
    reference: float | None = None

    @classmethod
    def parse(cls, name: str, settings: Mapping, configs: Mapping[str, str]) -> 'Stage':
        """Read a stage's settings.

        Args:
            name: of the stage.
            settings: fields of this class, ``config`` being a key of ``configs`` or a file.
            configs: files by name.

        Raises:
            ValueError: an unknown tool or setting, or one that is missing.
        """
        settings = {'cfg_options': {}, 'inputs': {}, 'title': name, **settings}
        if settings.get('tool') not in SCRIPTS:
            raise ValueError(
                f'stage {name!r}: tool must be one of {", ".join(SCRIPTS)}, not '
                f'{settings.get("tool")!r}'
            )
        config = settings.get('config') or ''
        settings['config'] = find_config(configs.get(config, config))
        try:
            return cls(name=name, **settings)
        except TypeError as error:
            known = ', '.join(field for field in cls.__dataclass_fields__ if field != 'name')
            raise ValueError(f'stage {name!r}: {error}; its settings are {known}') from error

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the stages whose output it takes."""
        given = [*self.inputs.values(), *([self.checkpoint] if self.checkpoint else [])]
        return tuple(dict.fromkeys(given))

    def load_config(self) -> Config:
        """Read the stage's config with its options, but without the outputs of other stages.

        Raises:
            FileNotFoundError: there is no such config; names the stage.
            ValueError: the config is not one for the tool, or the options do not fit it.
        """
        if not Path(self.config).is_file():
            raise FileNotFoundError(f'stage {self.name!r}: there is no config {self.config}')
        cfg = Config.fromfile(self.config)
        # Merging takes _delete_ out of what it merges.
        try:
            cfg.merge_from_dict(copy.deepcopy(dict(self.cfg_options)))
        except (KeyError, TypeError) as error:
            raise ValueError(f'stage {self.name!r}: cfg_options: {error}') from error
        needed = {'train': 'train_dataloader', 'test': 'test_dataloader'}.get(self.tool, self.tool)
        if cfg.get(needed) is None:
            raise ValueError(f'stage {self.name!r}: {self.config} has no {needed}')
        return cfg

    def with_inputs_named(self, cfg: Config) -> Config:
        """A copy of a config that names stages where it will have their outputs.

        What the config has there counts for nothing, nor does the folder for labels.
        """
        cfg = copy.deepcopy(cfg)
        cfg.merge_from_dict({key: f'stage://{stage}' for key, stage in self.inputs.items()})
        if self.tool in LABEL_KEYS:
            cfg[self.tool].out_dir = None
        return cfg

    def relevant(self, cfg: Config) -> dict:
        """What the stage's output depends on, of a config; None for what that does not set."""
        whole = cfg.to_dict()
        settings = {key: whole.get(key) for key in _READ[self.tool]}
        if self.tool == 'train' and settings['model']:
            settings['model'].pop('test_cfg', None)
        return settings

    def initial_weights(self, cfg: Config) -> list[str]:
        """Files of weights that a config names, but for those that a checkpoint replaces."""
        settings = self.relevant(cfg)
        if self.tool != 'train':
            settings.pop('model', None)
        return local_weights(settings)

    def share_batch(self, cfg: Config, processes: int) -> None:
        """Divide the batch of a training among processes: all together have the config's.

        Args:
            cfg: changed in place.
            processes: that train it.

        Raises:
            ValueError: the batch cannot be divided evenly.
        """
        if processes == 1:
            return
        batch = cfg.train_dataloader.batch_size
        if batch % processes:
            raise ValueError(
                f'a batch of {batch} images cannot be divided among {processes} processes; take '
                'another number of --gpus, or another train_dataloader.batch_size'
            )
        cfg.train_dataloader.batch_size = batch // processes

    def datasets(self, cfg: Config) -> list[Mapping]:
        """Configs of the datasets that the stage reads."""
        if self.tool in LABEL_KEYS:
            return [cfg.label_dataset]
        return [cfg[f'{self.tool}_dataloader'].dataset]

    def mask_folders(self, cfg: Config) -> list[str]:
        """Folders of the masks that the stage's labels are measured with."""
        mask_dir = cfg[self.tool].get('mask_dir') if self.tool in LABEL_KEYS else None
        return [mask_dir] if mask_dir else []

    def runnable_config(
        self,
        cfg: Config,
        folder: Path,
        done: Mapping[str, StageRecord],
        seed: int,
        processes: int = 1,
    ) -> Config:
        """Complete a config of :meth:`load_config` for its run in ``folder``.

        Args:
            cfg: changed in place.
            folder: of the stage.
            done: what the stages that it needs have left.
            seed: of whatever is random.
            processes: that will run it.
        """
        cfg.merge_from_dict({key: done[stage].output for key, stage in self.inputs.items()})
        cfg.work_dir = str(folder / 'run')
        if self.tool in LABEL_KEYS:
            cfg[self.tool].out_dir = str(folder / 'labels')
            return cfg
        cfg.merge_from_dict({'randomness.seed': seed})
        if self.tool == 'train':
            cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
            self.share_batch(cfg, processes)
        else:
            hook = dict(type='mmwsss.MetricsFileHook', out_file=str(folder / METRICS_NAME))
            cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]
        return cfg

    def arguments(self, folder: Path, done: Mapping[str, StageRecord]) -> list[str]:
        """Command line of the tool, but for the launcher."""
        arguments = [SCRIPTS[self.tool], str(folder / 'config.py')]
        if self.checkpoint:
            arguments.append(self.weights(done))
        if self.tool == 'train':
            arguments.append('--resume')
        elif self.tool == 'test':
            arguments += ['--out', str(folder / 'predictions')]
        return arguments

    def weights(self, done: Mapping[str, StageRecord]) -> str:
        """The checkpoint that the stage takes."""
        assert self.checkpoint is not None
        last = done[self.checkpoint].output
        return str(Path(last).with_name(self.checkpoint_file)) if self.checkpoint_file else last

    def output(self, folder: Path, cfg: Config) -> tuple[str, str]:
        """Where the finished stage's output is, and its kind.

        Args:
            folder: of the stage.
            cfg: that it ran.

        Raises:
            FileNotFoundError: it trained, but saved nothing.
        """
        if self.tool == 'train':
            checkpoint = find_last_checkpoint(str(folder / 'run'))
            if checkpoint is None:
                raise FileNotFoundError(
                    f'stage {self.name!r}: {folder / "run"} has no checkpoint; let '
                    'default_hooks.checkpoint of its config save one'
                )
            return checkpoint, 'checkpoint'
        if self.tool in LABEL_KEYS:
            return str(folder / 'labels'), 'labels'
        predictions = folder / 'predictions'
        if (predictions / 'cam_store.json').is_file():
            return str(predictions), 'cams'
        places = metric_folders(cfg.test_evaluator, str(predictions))
        refined = [path for metric, path in places if metric['type'].endswith('CRFIoUMetric')]
        return [*refined, *(path for _, path in places)][0], 'masks'

    def measured(self, folder: Path) -> tuple[dict[str, float], dict[str, float | None]]:
        """Metrics of the finished stage, and the IoU of every class."""
        if self.tool == 'test':
            return read_metrics(folder / METRICS_NAME)
        if self.tool in LABEL_KEYS:
            return read_label_report(folder / 'labels' / 'report.json')
        return {}, {}


def find_config(path: str) -> str:
    """A config's file: as it is given, else among the configs that come with this package."""
    shipped = SHIPPED / path
    return path if Path(path).is_file() or not shipped.is_file() else str(shipped)


def read_metrics(path: Path) -> tuple[dict[str, float], dict[str, float | None]]:
    """Split what ``MetricsFileHook`` wrote into metrics and IoU by class.

    The prefix 'cam/' is dropped; where a segmentor was measured with and without CRF, the classes
    are those with.
    """
    metrics = {key.removeprefix('cam/'): x for key, x in json.loads(path.read_bytes()).items()}
    classes: dict[str, float | None] = {}
    for prefix in ('IoU/', 'crf/IoU/'):
        found = {
            key.removeprefix(prefix): x for key, x in metrics.items() if key.startswith(prefix)
        }
        classes = found or classes
    return {key: x for key, x in metrics.items() if 'IoU/' not in key}, classes


def read_label_report(path: Path) -> tuple[dict[str, float], dict[str, float | None]]:
    """Read ``report.json`` of a folder of labels; empty where nothing was measured."""
    if not path.is_file():
        return {}, {}
    report = json.loads(path.read_bytes())
    *rows, mean = report['classes']
    names = {'accuracy': report.get('accuracy'), 'coverage': report['coverage']}
    names |= {'mIoU': mean.get('IoU'), 'precision': mean['precision'], 'recall': mean['recall']}
    metrics = {key: x for key, x in names.items() if x is not None}
    if 'mIoU' in metrics:
        # As CAMMetric's F: the harmonic mean of the class means.
        metrics['F'] = statistics.harmonic_mean([mean['precision'], mean['recall']])
    return metrics, {row['class']: row['IoU'] for row in rows if 'IoU' in row}
