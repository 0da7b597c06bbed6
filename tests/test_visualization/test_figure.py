"""Plots: colours, numbered points, panels."""

import numpy as np
import pytest
from PIL import Image

from mmwsss.visualization import embedding as module
from mmwsss.visualization.embedding import PointGroup, draw_embedding
from mmwsss.visualization.figure import category_colors


@pytest.mark.parametrize('count', [1, 10, 11, 20, 21, 80])
def test_colours_differ(count):
    colors = category_colors(count)
    assert len(set(colors)) == count and all(len(color) == 4 for color in colors)


def test_panels_hold_every_point_in_its_colour(tmp_path):
    red, blue = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)
    corners = np.array([[0.0, 0.0], [1.0, 1.0]])
    first = dict(r=PointGroup(corners, red, size=100), b=PointGroup(corners[::-1] * [1, 0], blue))
    panels = {'one': first, 'two': dict(b=PointGroup(corners[:1], blue, size=100, numbers=[7]))}
    file = draw_embedding(panels, tmp_path / 'plot', side=3)
    image = np.array(Image.open(file).convert('RGB'))
    assert file.name == 'plot.png' and image.shape == (517, 900, 3)
    is_red = (image == (255, 0, 0)).all(2)
    assert is_red[:, :450].sum() > 300 and not is_red[:, 450:].any()
    assert (image == (0, 0, 255)).all(2)[:, 450:].any()


@pytest.mark.parametrize('name', ['c {}', 'a name {}', 'a rather long name of a class {}'])
def test_legend_neither_leaves_the_figure_nor_squeezes_the_panels(tmp_path, monkeypatch, name):
    kept = []
    monkeypatch.setattr(module, 'save_figure', lambda *args: kept.append(args) or args[1])
    groups = {name.format(i): PointGroup(np.ones((1, 2)) * i, 'red') for i in range(20)}
    draw_embedding({'one': groups, 'two': groups}, tmp_path / 'plot.png')
    figure = kept[0][0]
    figure.draw_without_rendering()
    for axes in figure.axes:
        assert axes.get_position().width > 0.48
        box = axes.get_legend().get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1
    first, second = (axes.get_legend().get_window_extent() for axes in figure.axes)
    assert not first.overlaps(second)


def test_every_point_has_its_number_beside_its_marker(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(module, 'save_figure', lambda *args: kept.append(args) or args[1])
    points = np.array([[0.0, 0.0], [1.0, 3.0], [2.0, 1.0]])
    groups = {'a': PointGroup(points, 'red', size=100, numbers=[4, 0, 12]),
              'b': PointGroup(points + 5, 'blue')}  # fmt: skip
    draw_embedding({'one': groups}, tmp_path / 'plot.png')
    figure = kept[0][0]
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert [note.get_text() for note in axes.texts] == ['4', '0', '12']
    radius = 5 * figure.dpi / 72  # of a circle of 100 square points, in pixels
    for note, (x, y) in zip(axes.texts, axes.transData.transform(points)):
        box = note.get_window_extent()
        distance = np.hypot(max(box.x0 - x, 0), max(box.y0 - y, 0))
        assert radius * 0.8 < distance < 2 * radius
