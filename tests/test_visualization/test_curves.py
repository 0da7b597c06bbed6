"""Curves of a sweep: heights, error bars and baselines where the numbers put them."""

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from mmwsss.visualization import curves as module
from mmwsss.visualization.curves import Curve, draw_curves

VALUES = ('0', '1e-4', '1e-3')


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draw and return the axes."""
    kept = []

    def keep(figure, out):
        kept.append(figure)
        return out

    monkeypatch.setattr(module, 'save_figure', keep)

    def draw(curves):
        draw_curves(VALUES, curves, 'x', 'mIoU in %', tmp_path / 'f.png')
        return kept[-1].axes[0]

    return draw


def test_means_and_deviations_are_drawn(drawn):
    axes = drawn({'val': Curve([[1, 3], [4, 4], [5, 9]])})
    (bars,) = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
    np.testing.assert_allclose(bars.lines[0].get_ydata().astype(float), [2, 4, 7])
    heights = [segment[:, 1] for segment in bars.lines[2][0].get_segments()]
    spread = [np.sqrt(2), 0, np.sqrt(8)]
    np.testing.assert_allclose(np.ptp(heights, axis=1), 2 * np.array(spread), atol=1e-12)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(VALUES)
    dots = axes.collections[-1].get_offsets()
    np.testing.assert_allclose(dots, [[0, 1], [0, 3], [1, 4], [1, 4], [2, 5], [2, 9]])


def test_baseline_is_a_line_at_its_mean(drawn):
    axes = drawn({'val': Curve([[1], [2], [3]], baseline=[4, 6])})
    (line,) = [line for line in axes.lines if line.get_linestyle() == '--']
    assert list(line.get_ydata()) == [5, 5] and line.get_label() == 'val, baseline'


def test_every_split_has_its_colour(drawn):
    axes = drawn({name: Curve([[1], [2], [3]]) for name in ('train', 'val')})
    colors = [c.lines[0].get_color() for c in axes.containers]
    assert len(set(colors)) == 2


def test_missing_value_is_refused(drawn):
    with pytest.raises(ValueError, match='val: scores at 2 of 3 values'):
        drawn({'val': Curve([[1], [2]])})
