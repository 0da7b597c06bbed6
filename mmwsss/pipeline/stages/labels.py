"""The stages that make label maps: affinity labels and pseudo-labels."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from mmwsss.pseudo_labels import affinity_labels, make as pseudo_labels
from mmwsss.pseudo_labels.settings import label_settings
from mmwsss.refinement.background import Background
from mmwsss.refinement.refiners import ConfidenceThresholds
from mmwsss.registry import REFINERS
from mmwsss.structures import read_json

from ..records import Scores
from .base import Stage
from .weighted import WeightedStage

_LABELS, _WHOLE = 'labels', 'whole'


@dataclass(frozen=True, kw_only=True)
class _LabelStage(Stage):
    """What the two stages share; their output is a folder of PNGs."""

    is_random = False

    def datasets(self, cfg: Config) -> list[Mapping]:
        """See :meth:`Stage.datasets`."""
        return [cfg.label_dataset]

    def mask_folders(self, cfg: Config) -> list[str]:
        """See :meth:`Stage.mask_folders`."""
        return list(filter(None, [cfg[self.section].get('mask_dir')]))

    def _with_inputs_named(self, cfg: Config) -> Config:
        cfg = super()._with_inputs_named(cfg)
        cfg[self.section].out_dir = None  # the stage sets its own
        return cfg

    def complete_config(self, cfg: Config, folder: Path, seed: int, processes: int) -> None:
        """See :meth:`Stage.complete_config`."""
        cfg[self.section].out_dir = str(folder / _LABELS)

    def output(self, folder: Path, cfg: Config) -> tuple[str, str]:
        """See :meth:`Stage.output`."""
        return str(folder / _LABELS), 'labels'

    def measured(self, folder: Path) -> Scores:
        """See :meth:`Stage.measured`."""
        return read_label_report(folder / _LABELS / 'report.json')


@dataclass(frozen=True, kw_only=True)
class AffinityLabelStage(_LabelStage):
    """Makes affinity labels of response maps by ``tools/make_affinity_labels.py``."""

    tool = section = 'affinity_labels'
    script = 'make_affinity_labels.py'
    reads = ('label_dataset', 'affinity_labels')

    def model(self, cfg: Config) -> Mapping | None:
        """See :meth:`Stage.model`; the CRF needs none."""
        return None

    def check_settings(self, cfg: Config, processes: int) -> None:
        """See :meth:`Stage.check_settings`; builds the settings of the labels."""
        settings = label_settings(cfg, self.section, affinity_labels.SETTINGS)
        affinity_labels.label_params(settings)


@dataclass(frozen=True, kw_only=True)
class PseudoLabelStage(_LabelStage, WeightedStage):
    """Makes pseudo-labels of response maps by ``tools/make_pseudo_labels.py``."""

    tool = section = 'pseudo_labels'
    script = 'make_pseudo_labels.py'
    reads = ('label_dataset', 'pseudo_labels', 'model')

    def model(self, cfg: Config) -> Mapping | None:
        """See :meth:`Stage.model`; it is AffinityNet, where a refiner needs it."""
        refiner = REFINERS.build(cfg.pseudo_labels.refiner)
        return cfg.model if any(step.needs_model for step in refiner.steps()) else None

    def complete_config(self, cfg: Config, folder: Path, seed: int, processes: int) -> None:
        """See :meth:`Stage.complete_config`."""
        super().complete_config(cfg, folder, seed, processes)
        if cfg.pseudo_labels.get('whole_dir'):
            cfg.pseudo_labels.whole_dir = str(folder / _WHOLE)

    def whole(self, folder: Path, cfg: Config) -> str | None:
        """See :meth:`Stage.whole`."""
        return cfg.pseudo_labels.get('whole_dir')

    def check_settings(self, cfg: Config, processes: int) -> None:
        """See :meth:`Stage.check_settings`; builds the settings of the labels.

        A refiner that needs a model needs a checkpoint.
        """
        settings = label_settings(cfg, self.section, pseudo_labels.SETTINGS)
        if 'background' in settings:
            Background(**settings.background)
        ConfidenceThresholds.parse(settings.get('ignore_below', 0.0))
        if self.checkpoint is None:
            pseudo_labels.build_refiner(settings, cfg.get('model'), None)


def read_label_report(path: Path) -> Scores:
    """Read the report that the label tools write where there are masks.

    Args:
        path (Path): ``report.json`` of a folder of labels.

    Returns:
        Scores: Metrics by name and IoU by class; both empty where there is no file.

    Raises:
        DataError: If the file is damaged; names it.
    """
    if not path.is_file():
        return {}, {}
    return read_json(path, 'delete it, and the labels are measured again', _scores_of)


def _scores_of(report: Mapping) -> Scores:
    *rows, mean = report['classes']
    names = {'accuracy': report.get('accuracy'), 'coverage': report['coverage']}
    names |= {'mIoU': mean.get('IoU'), 'precision': mean['precision'], 'recall': mean['recall']}
    metrics = {key: x for key, x in names.items() if x is not None}
    if 'mIoU' in metrics:
        # As CAMMetric's F: the harmonic mean of the class means.
        metrics['F'] = statistics.harmonic_mean([mean['precision'], mean['recall']])
    return metrics, {row['class']: row['IoU'] for row in rows if 'IoU' in row}
