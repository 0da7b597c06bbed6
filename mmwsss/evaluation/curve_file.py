"""The file of ``CAMMetric.curve_file``: scores of response maps at every threshold."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from mmwsss.structures import read_json
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


def read_best(path: str | os.PathLike, *keys: str) -> list[float]:
    """Read the values of scores where mIoU is best.

    Args:
        path (str | os.PathLike): The file.
        *keys (str): The scores, or 'threshold'.

    Returns:
        list[float]: Their values.

    Raises:
        FileNotFoundError: If there is no such file.
        DataError: If it is damaged or of another kind; names it.
    """
    remedy = 'measure again by tools/test.py with test_evaluator.curve_file'
    return read_json(path, remedy, lambda curves: [best_score(curves, key) for key in keys])


def best_score(curves: Mapping[str, Sequence[float | None]], key: str) -> float:
    """Return the value of a score where mIoU is best.

    Args:
        curves (Mapping[str, Sequence[float | None]]): Content of the file; thresholds at which mIoU
            is not defined are passed over.
        key (str): The score, or 'threshold'.

    Returns:
        float: Its value.

    Raises:
        ValueError: If mIoU is defined at no threshold, or the score is not where mIoU is best.
    """
    defined = [(miou, -index) for index, miou in enumerate(curves['mIoU']) if miou is not None]
    if not defined:
        raise ValueError('mIoU is defined at no threshold')
    value = curves[key][-max(defined)[1]]
    if not isinstance(value, (int, float)):
        raise ValueError(f'{key} is {value!r} where mIoU is best')
    return value


def _plain(curve: np.ndarray) -> list[float | None]:
    """List the values, None in place of NaN."""
    return [None if np.isnan(value) else float(value) for value in curve]
