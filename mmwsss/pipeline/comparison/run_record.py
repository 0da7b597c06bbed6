"""What the files in a run's folder were made with, so that none is taken for another run's."""

import argparse
import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from mmengine.config import Config, DictAction

from mmwsss.pipeline.stages import TestStage, TrainStage
from mmwsss.structures.fingerprints import settings_fingerprint
from mmwsss.structures.tables import write_json

RECORD_NAME = 'run.json'
_TRAIN = TrainStage(name='train', config='', title='train')
_TEST = TestStage(name='test', config='', title='test')


@dataclass(frozen=True)
class RunRecord:
    """What made the files in a run's folder; ``run.json`` there.

    Attributes:
        config: File of the config that trained it.
        options: ``key=value`` settings of that training.
        training: Key of the resolved config → fingerprint of what training depends on.
        results: Name of a result file → fingerprint of what the test depends on.
    """

    config: str
    options: Sequence[str]
    training: Mapping[str, str]
    results: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> 'RunRecord | None':
        """Read ``run.json``; None where there is none, or one of another version."""
        try:
            return cls(**json.loads((folder / RECORD_NAME).read_bytes()))
        except (FileNotFoundError, TypeError, ValueError):
            return None

    def write(self, folder: Path) -> None:
        """Write ``run.json``."""
        write_json(folder / RECORD_NAME, asdict(self))

    def with_result(self, name: str, fingerprint: str) -> 'RunRecord':
        """Add what a result file was measured with."""
        return replace(self, results={**self.results, name: fingerprint})

    def __str__(self) -> str:
        return ' '.join([self.config, *self.options])


def with_options(cfg: Config, options: Sequence[str]) -> Config:
    """A copy of a config with ``key=value`` options, read as the tools read ``--cfg-options``."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=DictAction)
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict(parser.parse_args(['--cfg-options', *options]).cfg_options)
    return cfg


def training_fingerprints(cfg: Config) -> dict[str, str]:
    """Fingerprints of what training depends on, by the keys of a resolved config."""
    return {
        key: settings_fingerprint({key: value})
        for key, value in _TRAIN.settings(cfg).items()
        if value is not None
    }


def testing_fingerprint(cfg: Config) -> str:
    """Fingerprint of what a test depends on, but for the checkpoint, and where it writes."""
    settings = _TEST.settings(cfg)
    evaluator = settings['test_evaluator']
    if isinstance(evaluator, Mapping):
        evaluator = {key: value for key, value in evaluator.items() if key != 'curve_file'}
    hooks = settings['custom_hooks'] or []
    hooks = [hook for hook in hooks if hook.get('type') != 'mmwsss.CAMStoreHook']
    return settings_fingerprint({**settings, 'test_evaluator': evaluator, 'custom_hooks': hooks})


def checked_record(folder: Path, wanted: RunRecord) -> RunRecord:
    """The record of a run's folder, after a check that the wanted settings trained it.

    A folder of a version without records is judged by the configs that mmengine dumped there.

    Args:
        folder: Of a run; it need not exist.
        wanted: The run that shall be there, without results.

    Raises:
        ValueError: If other settings trained it, or nothing tells which; names the remedy.
    """
    if not (folder / 'trained').exists() and not any(folder.glob('*.pth')):
        return wanted  # nothing of an earlier run would be used
    found = RunRecord.read(folder) or _of_dumped_configs(folder, wanted)
    remedy = f'take another --work-dir, or delete {folder}'
    if found is None:
        raise ValueError(f'{folder}: no {RECORD_NAME} tells what trained it: {remedy}')
    # Earlier versions recorded settings, too, that no training reads.
    keys = {*found.training, *wanted.training} & set(TrainStage.reads)
    differing = [k for k in sorted(keys) if found.training.get(k) != wanted.training.get(k)]
    if differing:
        raise ValueError(
            f'{folder}: was trained by {found}, which differs from {wanted} as it is now in '
            f'{", ".join(differing)}: {remedy}'
        )
    return replace(wanted, results=found.results)


def _of_dumped_configs(folder: Path, wanted: RunRecord) -> RunRecord | None:
    """What mmengine's dumps tell of a run; of several trainings, the one that is not wanted."""
    dumps = [(path, Config.fromfile(path)) for path in sorted(folder.glob('*/vis_data/config.py'))]
    trained: RunRecord | None = None
    results = {}
    for path, cfg in dumps:
        evaluator = cfg.get('test_evaluator')
        curve_file = evaluator.get('curve_file') if isinstance(evaluator, Mapping) else None
        if curve_file:
            results[Path(curve_file).name] = testing_fingerprint(cfg)
        elif trained is None or trained.training == wanted.training:
            trained = RunRecord(str(path), (), training_fingerprints(cfg))
    return trained and replace(trained, results=results)
