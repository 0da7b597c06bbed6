"""Folders into which the test of a segmentor writes its masks."""

import os.path as osp
from collections.abc import Sequence


def metric_folders(evaluator: dict | Sequence[dict], out: str) -> list[tuple[dict, str]]:
    """Return the folder into which each metric writes its masks.

    Args:
        evaluator (dict | Sequence[dict]): Config of the metric or of the metrics.
        out (str): Folder for all masks.

    Returns:
        list[tuple[dict, str]]: Config of each metric and its folder: ``out`` itself for a single
        metric; of several, each has a folder below it, named by the metric's prefix, or by its
        type if it has none.
    """
    metrics = [evaluator] if isinstance(evaluator, dict) else list(evaluator)
    if len(metrics) == 1:
        return [(metrics[0], out)]
    names = [one.get('prefix') or one['type'].rpartition('.')[2] for one in metrics]
    return [(metric, osp.join(out, name)) for metric, name in zip(metrics, names)]
