"""Run-length codes and outlines, read back by decoders of a few lines."""

import cv2
import numpy as np
import pytest

from mmwsss.datasets.exporters.outlines import trace_polygons
from mmwsss.datasets.exporters.run_lengths import brush_code, run_lengths


def ring(size: int = 40) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    radius = np.hypot(rows, columns)
    return (radius < 0.45 * size) & (radius > 0.2 * size)


def noise(seed: int, share: float = 0.5) -> np.ndarray:
    return np.random.default_rng(seed).random((13, 17)) < share


MASKS = {
    'noise': noise(0),
    'sparse': noise(1, 0.1),
    'full': np.ones((5, 7), bool),
    'empty': np.zeros((5, 7), bool),
    'ring': ring(),
    'one pixel': np.eye(1, 12, 5, dtype=bool).reshape(3, 4),
}
masks = pytest.mark.parametrize('mask', MASKS.values(), ids=MASKS)


def decode_brush(code: list[int]) -> np.ndarray:
    """The decoder of thi.ng's rle-pack, bit by bit."""
    bits = ''.join(f'{byte:08b}' for byte in code)
    position = 0

    def read(count: int) -> int:
        nonlocal position
        position += count
        return int(bits[position - count : position], 2)

    total, word, sizes = read(32), read(5) + 1, [read(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < total:
        repeated = read(1)
        length = read(sizes[read(2)]) + 1
        values += [read(word)] * length if repeated else [read(word) for _ in range(length)]
    return np.array(values, np.uint8)


def inside(polygon: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Which centres of pixels lie in a polygon: even number of edges to the right or not."""
    y, x = (np.mgrid[: shape[0], : shape[1]] + 0.5).astype(float)
    crossings = np.zeros(shape, int)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0)):
        if y0 != y1:
            between = (y0 <= y) != (y1 <= y)
            crossings += between & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return crossings % 2 == 1


def union(polygons: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    return np.any([np.zeros(shape, bool), *(inside(one, shape) for one in polygons)], axis=0)


@masks
def test_counts_of_runs_give_the_mask_again(mask):
    counts = run_lengths(mask.ravel())
    values = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    assert np.array_equal(values, mask.ravel())
    assert all(counts[1:])


@masks
def test_brush_code_is_the_mask_in_four_channels(mask):
    values = decode_brush(brush_code(mask)).reshape(*mask.shape, 4)
    assert np.array_equal(values, np.repeat(mask[..., None] * np.uint8(255), 4, axis=2))


def test_brush_code_splits_runs_longer_than_its_lengths():
    mask = np.zeros((200, 300), bool)
    mask[10:190] = True
    values = decode_brush(brush_code(mask)).reshape(200, 300, 4)
    assert np.array_equal(values[..., 3] > 0, mask)


@masks
def test_polygons_hold_exactly_the_centres_of_the_pixels(mask):
    assert np.array_equal(union(trace_polygons(mask, tolerance=0), mask.shape), mask)


def test_simple_outlines_stay_within_half_a_pixel():
    mask = ring(200)
    polygons = trace_polygons(mask)
    other = union(polygons, mask.shape) != mask
    assert len(polygons) == 1
    assert len(polygons[0]) < len(trace_polygons(mask, tolerance=0)[0]) / 3
    # Pixels that differ lie at the edge.
    kernel = np.ones((3, 3), np.uint8)
    edge = cv2.dilate(mask.astype(np.uint8), kernel) != cv2.erode(mask.astype(np.uint8), kernel)
    assert not (other & ~edge).any()
    assert other.sum() / mask.sum() < 0.02


def test_a_region_of_one_pixel_keeps_an_area():
    (polygon,) = trace_polygons(MASKS['one pixel'])
    assert len(polygon) == 4
