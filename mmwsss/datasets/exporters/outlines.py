"""Outlines of masks as polygons."""

from itertools import pairwise
from typing import cast

import cv2
import numpy as np
from contourpy import FillType, contour_generator

TOLERANCE = 0.5


def trace_polygons(mask: np.ndarray, tolerance: float = TOLERANCE) -> list[np.ndarray]:
    """Trace the regions of a mask.

    Corners of polygons are in pixels, with (0, 0) the outer corner of the first pixel, so that the
    centres of pixels lie at halves. With tolerance 0 exactly the centres of the mask's pixels lie
    within its polygons. Regions that touch at a corner alone are several. Formats know no
    holes: a hole becomes a part of the outline, joined to it by a seam of two equal edges, which
    have no area and so change nothing in what the polygon fills.

    Args:
        mask (np.ndarray): Mask, bool (H, W).
        tolerance (float): How far, in pixels, an outline may move to have fewer corners. Defaults
            to 0.5.

    Returns:
        list[np.ndarray]: A polygon for each region, float64 (N, 2) of x and y, not closed.
    """
    padded = np.pad(mask, 1).astype(np.float64)
    contours = contour_generator(z=padded, fill_type=FillType.OuterOffset)
    contours = contour_generator(z=padded, fill_type=FillType.OuterOffset)
    found = cast(tuple[list[np.ndarray], list[np.ndarray]], contours.filled(0.5, 1.5))
    polygons = []
    for points, ends in zip(*found):
        rings = [
            _simplify(points[start : end - 1] - 0.5, tolerance) for start, end in pairwise(ends)
        ]
        polygons.append(_join(rings))
    return polygons


def _simplify(ring: np.ndarray, tolerance: float) -> np.ndarray:
    if tolerance <= 0:
        return ring
    simple = cv2.approxPolyDP(ring.astype(np.float32)[:, None], tolerance, closed=True)[:, 0]
    # Of a region of few pixels a line would be left.
    return simple.astype(np.float64) if len(simple) >= 3 else ring


def _join(rings: list[np.ndarray]) -> np.ndarray:
    """Join the holes to the outline, each where its corners come nearest to it."""
    outline = rings[0]
    for hole in rings[1:]:
        squares = ((outline[:, None] - hole[None]) ** 2).sum(axis=-1)
        at, start = np.unravel_index(int(squares.argmin()), squares.shape)
        turned = np.roll(hole, -int(start), axis=0)
        outline = np.concatenate([outline[: at + 1], turned, turned[:1], outline[at:]])
    return outline
