"""Class names in any script are drawn, or it is said that they are not."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager

from mmwsss.visualization import fonts
from mmwsss.visualization.figure import new_figure, save_figure
from mmwsss.visualization.grid import image_grid

# DejaVu Sans has no Chinese characters, and the tests see no other fonts of the machine.
RARE = '猫狗'


def build_font(path: Path, characters: str) -> None:
    """Write a font whose glyphs are black squares."""
    pen = TTGlyphPen(None)
    for index, corner in enumerate([(0, 0), (0, 700), (600, 700), (600, 0)]):
        (pen.lineTo if index else pen.moveTo)(corner)
    pen.closePath()
    square = pen.glyph()
    names = {ord(sign): f'g{ord(sign)}' for sign in characters}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(['.notdef', *names.values()])
    builder.setupCharacterMap(names)
    builder.setupGlyf(
        {'.notdef': TTGlyphPen(None).glyph(), **dict.fromkeys(names.values(), square)}
    )
    builder.setupHorizontalMetrics(dict.fromkeys(['.notdef', *names.values()], (700, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable(dict(familyName='Squares', styleName='Regular'))
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)


@pytest.fixture
def squares(tmp_path: Path) -> Iterator[Path]:
    """A font with the rare characters and Latin letters, installed for a test."""
    path = tmp_path / 'squares.ttf'
    build_font(path, RARE + 'abcdeCAM')
    before = list(fontManager.ttflist)
    fontManager.addfont(path)
    yield path
    fontManager.ttflist[:] = before


@pytest.fixture(autouse=True)
def dejavu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        fontManager, 'ttflist', [x for x in fontManager.ttflist if 'DejaVu' in x.name]
    )


def test_dejavu_stays_where_it_has_everything() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert fonts.fallback_font('Straße, кошка, γάτα …\n') is None
        assert fonts.font_file(['cat']).name == 'DejaVuSans.ttf'
        assert fonts.font_file(['cat'], bold=True).name == 'DejaVuSans-Bold.ttf'


def test_a_font_that_has_all_characters_is_taken(squares: Path) -> None:
    assert fonts.font_file(['abc', RARE]) == squares
    assert fonts.font_file([f'xyz {RARE}']) == squares  # not all: what DejaVu lacks


def test_characters_that_no_font_has_are_told() -> None:
    with pytest.warns(UserWarning, match=r'no installed font has the characters [猫狗]{2}: .*noto'):
        assert fonts.font_file([RARE]).name == 'DejaVuSans.ttf'


def test_sheets_draw_names_in_any_script(squares: Path) -> None:
    photo = np.zeros((8, 8, 3), np.uint8)
    arguments = dict(rows=[[photo]], columns=['CAM'], legend={RARE: (0, 0, 0)}, captions=[RARE])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        drawn = image_grid(**arguments)
    empty = image_grid([[photo]], ['CAM'], legend={'  ': (0, 0, 0)}, captions=['  '])
    assert (drawn < 100).sum() > (empty < 100).sum() + 300  # two black squares


def test_figures_draw_names_in_any_script(squares: Path, tmp_path: Path) -> None:
    figure = new_figure(2, 2)
    figure.text(0.1, 0.5, f'a {RARE}')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert save_figure(figure, tmp_path / 'a.png').is_file()
