"""Bars of classes: how long they are, how many."""

import numpy as np
import pytest

from mmwsss.visualization.bars import class_bars

GRAY, BLUE = (0x99, 0x99, 0x99), (0x56, 0xB4, 0xE9)


def lengths(image: np.ndarray, colour: tuple[int, int, int]) -> list[int]:
    """Lengths in pixels of the horizontal bars of a colour, from the top; the legend is shorter."""
    rows = (image == colour).all(2).sum(1)
    starts = np.flatnonzero((rows[1:] > 40) & (rows[:-1] <= 40)) + 1
    return [int(rows[start + 2]) for start in starts]


def test_bars_are_as_long_as_their_scores() -> None:
    image = class_bars(
        {'CAM': {'a': 20, 'b': 80.0, 'c': None}, 'CRF': {'a': 40, 'b': float('nan')}}
    )
    assert image.dtype == np.uint8
    mean, first, second = np.array(lengths(image, GRAY)) / lengths(image, GRAY)[0]
    assert first / mean == pytest.approx(20 / 50, abs=0.02)
    assert second / mean == pytest.approx(80 / 50, abs=0.02)
    mean, only = lengths(image, BLUE)
    assert mean == only
    assert mean == pytest.approx(lengths(image, GRAY)[1] * 2, abs=4)


@pytest.mark.parametrize('count', [7, 14, 20])
def test_height_grows_with_the_classes(count: int) -> None:
    names = [f'class {index}' for index in range(count)]
    image = class_bars({name: dict.fromkeys(names, 50.0) for name in 'xyz'})
    assert len(lengths(image, GRAY)) == count + 1
    assert image.shape[0] > 45 * count


def test_class_without_any_score_is_kept() -> None:
    whole = class_bars({'CAM': {'a': None}})
    assert lengths(whole, GRAY) == []


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match='at least one'):
        class_bars({'CAM': {}})


@pytest.mark.parametrize('name', ['$\\frac$', 'from 5$ to 9$', '${{{$', 'a_b^c'])
def test_names_are_no_formulas(name: str) -> None:
    bars = class_bars({name: {name: 50.0}})
    plain = class_bars({'x': {'x': 50.0}})
    assert bars.shape == plain.shape
