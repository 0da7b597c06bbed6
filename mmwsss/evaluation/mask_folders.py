"""Where the test of a segmentor leaves its masks."""

import os.path as osp
from collections.abc import Sequence


def metric_folders(evaluator: dict | Sequence[dict], out: str) -> list[tuple[dict, str]]:
    """Settings of each metric, and the folder for the masks that it writes.

    That is ``out``, or, where there are several metrics, a folder below it for each, named by the
    metric's prefix, else by its type.
    """
    metrics = [evaluator] if isinstance(evaluator, dict) else list(evaluator)
    if len(metrics) == 1:
        return [(metrics[0], out)]
    names = [one.get('prefix') or one['type'].rpartition('.')[2] for one in metrics]
    return [(metric, osp.join(out, name)) for metric, name in zip(metrics, names)]
