"""The stage of a comparison that measures response maps at all thresholds."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from ..stages import TestStage

# Names that tools/analysis_tools/response_sheet.py finds one by the other.
MAPS_NAME, CURVES_NAME = 'cams', 'cams.json'


@dataclass(frozen=True, kw_only=True)
class CurveStage(TestStage):
    """Measures by ``tools/test.py``; its output is the file of ``CAMMetric.curve_file``.

    Attributes:
        keep_maps (bool): Whether to keep the response maps, too.
    """

    keep_maps: bool = False

    def check_settings(self, cfg: Config, processes: int) -> None:
        """See :meth:`Stage.check_settings`; there must be a single metric."""
        super().check_settings(cfg, processes)
        if not isinstance(cfg.test_evaluator, Mapping):
            raise ValueError('test_evaluator must be a single CAMMetric to be compared')

    def complete_config(self, cfg: Config, folder: Path, seed: int, processes: int) -> None:
        """See :meth:`Stage.complete_config`."""
        super().complete_config(cfg, folder, seed, processes)
        cfg.merge_from_dict({'test_evaluator.curve_file': str(folder / CURVES_NAME)})

    def output_arguments(self, folder: Path) -> list[str]:
        """See :meth:`TestStage.output_arguments`."""
        return ['--out', str(folder / MAPS_NAME)] if self.keep_maps else []

    def remove_partial_output(self, folder: Path) -> None:
        """See :meth:`Stage.remove_partial_output`; an interrupted test begins anew."""
        shutil.rmtree(folder / MAPS_NAME, ignore_errors=True)

    def output(self, folder: Path, cfg: Config) -> tuple[str, str]:
        """See :meth:`Stage.output`."""
        return str(folder / CURVES_NAME), 'scores'

    def is_complete(self, folder: Path) -> bool:
        """See :meth:`Stage.is_complete`; response maps may be wanted that were not kept."""
        return not self.keep_maps or (folder / MAPS_NAME).is_dir()
