"""The file of ``CAMMetric.curve_file``: scores of response maps at every threshold."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from mmwsss.structures.tables import write_json


def write_curves(
    path: str | os.PathLike,
    thresholds: Sequence[float],
    curves: Mapping[str, np.ndarray],
    iou: Mapping[str, np.ndarray],
) -> None:
    """Write scores as JSON, NaN as null.

    Args:
        path (str | os.PathLike): The file.
        thresholds (Sequence[float]): The T thresholds.
        curves (Mapping[str, np.ndarray]): Score → its values, shape (T,), in percent.
        iou (Mapping[str, np.ndarray]): Class, background included → its IoU, shape (T,), in
            percent.
    """
    content = {
        'threshold': list(thresholds),
        **{name: _plain(curve) for name, curve in curves.items()},
        'IoU': {name: _plain(curve) for name, curve in iou.items()},
    }
    write_json(path, content)


def best_score(curves: Mapping[str, Sequence[float]], key: str) -> float:
    """Read the value of a score where mIoU is best.

    Args:
        curves (Mapping[str, Sequence[float]]): Content of the file.
        key (str): The score, or 'threshold'.

    Returns:
        float: Its value.
    """
    best = max(range(len(curves['mIoU'])), key=lambda index: curves['mIoU'][index])
    return curves[key][best]


def _plain(curve: np.ndarray) -> list[float | None]:
    """List the values, None in place of NaN."""
    return [None if np.isnan(value) else float(value) for value in curve]
