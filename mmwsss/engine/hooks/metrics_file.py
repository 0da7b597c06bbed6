"""Hook that writes the metrics of a test to a file."""

import json
import math
from collections.abc import Mapping

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.registry import HOOKS
from mmwsss.structures import atomic_open


@HOOKS.register_module()
class MetricsFileHook(Hook):
    """Write the metrics of a test as JSON, NaN as null.

    Args:
        out_file (str): Path of the file.
    """

    def __init__(self, out_file: str) -> None:
        self.out_file = out_file

    @master_only
    def after_test_epoch(self, runner: Runner, metrics: Mapping[str, float] | None = None) -> None:
        """Write the metrics to the file, on the main process.

        Args:
            runner (Runner): Runner of the run.
            metrics (Mapping[str, float], optional): Metrics of the test by their names.
        """
        plain = {key: _plain(value) for key, value in (metrics or {}).items()}
        with atomic_open(self.out_file) as file:
            file.write(json.dumps(plain, indent=1).encode())


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
