"""Grids of images and the results page."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mmwsss.visualization import image_grid, write_sheet

RED, BLUE = (255, 0, 0), (0, 0, 255)


def plain(colour, height=40, width=60):
    return np.full((height, width, 3), colour, np.uint8)


def photo(seed=0, height=40, width=60):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def count(image, colour) -> int:
    return int((image == colour).all(2).sum())


def boxes_of(image, colour):
    rows, columns = np.nonzero((image == colour).all(2))
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


def test_grid_places_every_tile_whole():
    grid = image_grid([[plain(RED), plain(BLUE)]], ['a', 'b'], tile_width=120)
    assert grid.dtype == np.uint8
    red, blue = boxes_of(grid, RED), boxes_of(grid, BLUE)
    assert (red[1] - red[0], red[3] - red[2]) == (80, 120)
    assert (blue[1] - blue[0], blue[3] - blue[2]) == (80, 120)
    assert red[:2] == blue[:2]
    assert red[3] < blue[2]
    assert count(grid, RED) == count(grid, BLUE) == 80 * 120


def test_portrait_is_bounded_in_height():
    grid = image_grid([[plain(RED, 400, 40)]], ['a'], tile_width=100)
    top, bottom, left, right = boxes_of(grid, RED)
    assert (bottom - top, right - left) == (125, 12)


def test_text_covers_no_image_however_long():
    names = {f'class number {i} ' + 'x' * 90: (0, i, 0) for i in range(20)}
    rows = [[plain(RED), plain(BLUE)]] * 3
    grid = image_grid(
        rows,
        ['heading ' * 40] * 2,
        title='title ' * 90,
        captions=['caption\n' * 90] * 3,
        legend=names,
        table=[{'method ' * 30: 'CAM', 'mIoU': 58.4}],
        tile_width=120,
    )
    assert count(grid, RED) == count(grid, BLUE) == 3 * 80 * 120
    assert (grid[:, -4:] == 255).all()  # nothing runs off the right border


def test_captions_and_title_are_drawn():
    bare = image_grid([[plain(RED)]], ['a'])
    full = image_grid([[plain(RED)]], ['a'], title='Mixup-CAM', captions=['cow'])
    assert full.shape[0] > bare.shape[0]
    dark = (full.max(2) < 128).sum() - (bare.max(2) < 128).sum()
    assert dark > 100


def test_legend_shows_the_colours():
    grid = image_grid([[plain(RED)]], ['a'], legend={'cow': (1, 250, 3), 'dog': (4, 5, 251)})
    assert count(grid, (1, 250, 3)) > 50
    assert count(grid, (4, 5, 251)) > 50


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        ({'rows': [], 'columns': ['a']}, 'at least one row'),
        ({'rows': [[plain(RED)]], 'columns': ['a', 'b']}, 'row 0 has 1 images for 2'),
        ({'rows': [[plain(RED)]], 'columns': ['a'], 'captions': []}, '0 captions for 1'),
        ({'rows': [[plain(RED)[..., 0]]], 'columns': ['a']}, r'expected uint8 \(H, W, 3\)'),
        ({'rows': [[plain(RED) / 255]], 'columns': ['a']}, r'expected uint8 \(H, W, 3\)'),
        (
            {'rows': [[plain(RED)]], 'columns': ['a'], 'table': [{'a': 1}, {'b': 2}]},
            'different keys',
        ),
    ],
)
def test_sheet_refuses_what_does_not_fit(tmp_path, kwargs, message):
    with pytest.raises(ValueError, match=message):
        write_sheet(out=tmp_path / 'x.html', **kwargs)
    assert list(tmp_path.iterdir()) == []


class Page(HTMLParser):
    """Check that tags are balanced, collect images and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.text, self.links = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[key] for key in ('href', 'src') if key in attrs]
        if tag == 'img':
            self.images.append(attrs)
        elif tag != 'meta':
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data.strip())


def decode(source: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(',')[2]))))


def test_page_is_whole_and_self_contained(tmp_path):
    page, png = write_sheet(
        [[photo(), plain(RED)], [photo(1), plain(BLUE)]],
        ['photo', 'mask'],
        tmp_path / 'new' / 'sheet.html',
        title='a < b & "c"',
        captions=['cow', '<script>'],
        table=[{'method': 'CAM', 'mIoU': 58.4123, 'threshold': 0.28, 'images': 102}],
        legend={'cow': RED},
    )
    assert page == tmp_path / 'new' / 'sheet.html'
    content = page.read_text(encoding='utf-8')
    parsed = Page(content)
    assert parsed.open == []
    assert len(parsed.images) == 4
    assert all(link.startswith('data:image/') for link in parsed.links)
    assert not re.search(r'@import|url\(|<script|<link', content)
    for text in ('a < b & "c"', 'cow', '<script>', 'CAM', '58.41', '0.28', '102', 'photo', 'mask'):
        assert text in parsed.text
    np.testing.assert_array_equal(decode(parsed.images[1]['src']), plain(RED))
    assert parsed.images[0]['src'].startswith('data:image/jpeg')
    np.testing.assert_allclose(decode(parsed.images[0]['src']).mean(), photo().mean(), atol=3)
    with Image.open(png) as image:
        grid = np.asarray(image)
    assert min(count(grid, RED), count(grid, BLUE)) > 256 * 170


def test_page_bounds_large_photos(tmp_path):
    page, _ = write_sheet([[photo(0, 300, 900)]], ['photo'], tmp_path / 'x.html', tile_width=100)
    source = Page(page.read_text()).images[0]['src']
    assert decode(source).shape == (67, 200, 3)
