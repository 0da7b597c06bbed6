"""Plots: labels that stay apart, colours, panels."""

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from mmwsss.visualization import embedding as module
from mmwsss.visualization.embedding import PointGroup, draw_embedding
from mmwsss.visualization.figure import category_colors, label_points, new_figure


@pytest.mark.parametrize('count', [1, 10, 11, 20, 21, 80])
def test_colours_differ(count):
    colors = category_colors(count)
    assert len(set(colors)) == count and all(len(color) == 4 for color in colors)


def test_labels_cover_neither_each_other_nor_points():
    points = np.random.default_rng(0).normal(size=(25, 2))
    points[5:10] = points[0] + 0.01 * np.arange(5)[:, None]
    figure = new_figure(8, 8)
    axes = figure.subplots()
    axes.scatter(*points.T)
    notes = label_points(axes, points, [f'point {i}' for i in range(25)], points)
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(note) for note in notes]
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:index])
        assert not any(box.contains(*place) for place in axes.transData.transform(points))
        assert axes.bbox.contains(box.x0, box.y0) and axes.bbox.contains(box.x1, box.y1)


def test_nearest_free_place_is_taken():
    axes = new_figure(4, 4).subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    alone, crowded = np.array([[0.5, 0.5]]), np.array([[0.5, 0.5], [0.56, 0.5]])
    (note,) = label_points(axes, alone, ['a'], alone)
    assert note.xyann[0] > 0 and note.xyann[1] == 0, 'to the right where that is free'
    assert not note.arrow_patch.get_visible(), 'no line where the label is beside its point'
    (moved,) = label_points(axes, crowded[:1], ['a'], crowded)
    assert moved.xyann != note.xyann


def test_panels_hold_every_point_in_its_colour(tmp_path):
    red, blue = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)
    corners = np.array([[0.0, 0.0], [1.0, 1.0]])
    first = dict(r=PointGroup(corners, red, size=100), b=PointGroup(corners[::-1] * [1, 0], blue))
    panels = {'one': first, 'two': dict(b=PointGroup(corners[:1], blue, size=100, labels=['x']))}
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
    for axes in figure.axes:
        assert axes.get_position().width > 0.48
        box = axes.get_legend().get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1
    first, second = (axes.get_legend().get_window_extent() for axes in figure.axes)
    assert not first.overlaps(second)
