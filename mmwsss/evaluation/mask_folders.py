"""Where the test of a segmentor leaves its masks."""

import os.path as osp
from collections.abc import Mapping, Sequence


def metric_folders(evaluator: Mapping | Sequence[Mapping], out: str) -> list[tuple[Mapping, str]]:
    """Settings of each metric, and the folder for the masks that it writes.

    That is ``out``, or, where there are several metrics, a folder below it for each, named by the
    metric's prefix, else by its type.
    """
    metrics = [evaluator] if isinstance(evaluator, Mapping) else list(evaluator)
    if len(metrics) == 1:
        return [(metrics[0], out)]
    names = [one.get('prefix') or one['type'].rpartition('.')[2] for one in metrics]
    return [(metric, osp.join(out, name)) for metric, name in zip(metrics, names)]
