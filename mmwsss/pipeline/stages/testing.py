"""The stage that tests a model."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import METRICS

from mmwsss.evaluation.mask_folders import metric_folders
from mmwsss.structures import read_json

from ..records import Scores, StageRecord
from .weighted import WeightedStage

METRICS_NAME = 'metrics.json'
PREDICTIONS_NAME = 'predictions'


@dataclass(frozen=True, kw_only=True)
class TestStage(WeightedStage):
    """Predicts and measures by ``tools/test.py``; its output is response maps or masks."""

    tool = 'test'
    script = 'test.py'
    section = 'test_dataloader'
    reads = ('model', 'test_dataloader', 'test_evaluator', 'test_cfg', 'custom_hooks')

    def datasets(self, cfg: Config) -> list[Mapping]:
        """See :meth:`Stage.datasets`."""
        return [cfg.test_dataloader.dataset]

    def check_settings(self, cfg: Config, processes: int) -> None:
        """See :meth:`Stage.check_settings`; builds the metrics, and asks for a checkpoint."""
        if self.checkpoint is None:
            raise ValueError('a test needs checkpoint, the stage whose weights it takes')
        for metric in _metrics(cfg):
            # A metric that only writes masks needs a folder, which it gets when it runs.
            METRICS.build({key: x for key, x in metric.items() if key != 'format_only'})

    def complete_config(self, cfg: Config, folder: Path, seed: int, processes: int) -> None:
        """See :meth:`Stage.complete_config`; adds the hook that writes the metrics."""
        cfg.merge_from_dict({'randomness.seed': seed})
        hook = dict(type='mmwsss.MetricsFileHook', out_file=str(folder / METRICS_NAME))
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]

    def arguments(self, folder: Path, done: Mapping[str, StageRecord]) -> list[str]:
        """See :meth:`Stage.arguments`."""
        return [*super().arguments(folder, done), *self.output_arguments(folder)]

    def output_arguments(self, folder: Path) -> list[str]:
        """Return the arguments that keep predictions.

        Args:
            folder (Path): Folder of the stage.

        Returns:
            list[str]: The arguments.
        """
        return ['--out', str(folder / PREDICTIONS_NAME)]

    def remove_partial_output(self, folder: Path) -> None:
        """See :meth:`Stage.remove_partial_output`; an interrupted test begins anew."""
        shutil.rmtree(folder / PREDICTIONS_NAME, ignore_errors=True)

    def output(self, folder: Path, cfg: Config) -> tuple[str, str]:
        """See :meth:`Stage.output`; masks after the CRF come before those without."""
        predictions = folder / PREDICTIONS_NAME
        if (predictions / 'cam_store.json').is_file():
            return str(predictions), 'cams'
        folders = metric_folders(cfg.test_evaluator, str(predictions))
        refined = [path for metric, path in folders if metric['type'].endswith('CRFIoUMetric')]
        return [*refined, *(path for _, path in folders)][0], 'masks'

    def measured(self, folder: Path) -> Scores:
        """See :meth:`Stage.measured`."""
        return read_metrics(folder / METRICS_NAME)


def _metrics(cfg: Config) -> list[Mapping[str, Any]]:
    evaluator = cfg.test_evaluator
    return [evaluator] if isinstance(evaluator, Mapping) else list(evaluator)


def read_metrics(path: Path) -> Scores:
    """Read what ``MetricsFileHook`` wrote.

    Args:
        path (Path): JSON file of the hook.

    Returns:
        Scores: Metrics by name, without the prefix ``cam/``, and IoU by class; where masks were
        measured with and without CRF, the classes are those with.

    Raises:
        DataError: If the file is damaged; names it.
    """
    metrics = named_metrics(path, 'delete it, and run the stage again')
    classes = class_metrics(metrics, 'crf/IoU/') or class_metrics(metrics, 'IoU/')
    return {key: x for key, x in metrics.items() if 'IoU/' not in key}, classes


def named_metrics(path: str | os.PathLike, remedy: str) -> dict[str, float]:
    """Read what ``MetricsFileHook`` wrote, as it stands.

    Args:
        path (str | os.PathLike): JSON file of the hook.
        remedy (str): What the user can do where the file is damaged.

    Returns:
        dict[str, float]: Metrics by name, without the prefix ``cam/``.

    Raises:
        DataError: If the file is damaged; names it.
    """
    content = read_json(path, remedy, dict.items)
    return {key.removeprefix('cam/'): x for key, x in content}


def class_metrics(metrics: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Choose a metric of the classes.

    Args:
        metrics (Mapping[str, Any]): Metrics by name.
        prefix (str): What names of the metric begin with: 'IoU/', or 'crf/IoU/' with CRF.

    Returns:
        dict[str, Any]: The metric by class.
    """
    return {key.removeprefix(prefix): x for key, x in metrics.items() if key.startswith(prefix)}
