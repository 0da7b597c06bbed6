"""Pages of results: numbers on top, images below, as one HTML file and one PNG."""

import base64
import html
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mmwsss.structures import atomic_open

from .grid import Color, check_rows, fit_image, format_number, image_grid, is_flat

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;
color:#1b1b1b;background:#fff}
h1{font-size:1.5rem;margin:0 0 .6rem}
h2{font-size:1.15rem;margin:1.4rem 0 .4rem}
.numbers{border-collapse:collapse;margin:1rem 0}
.numbers th,.numbers td{padding:.3rem .9rem;border-bottom:1px solid #d5d5d5;text-align:right}
.numbers th{border-bottom:2px solid #777}
.numbers :first-child{text-align:left}
.legend{margin:.8rem 0;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem}
.legend i{display:inline-block;width:.95em;height:.95em;margin-right:.4em;vertical-align:-.1em;
border:1px solid #777}
.sheet{table-layout:fixed;width:100%;border-spacing:.5rem 0}
.sheet th{position:sticky;top:0;background:#fff;text-align:left;padding:.4rem 0;
overflow-wrap:anywhere}
.sheet td{vertical-align:top;padding:0}
.sheet img{width:100%;max-height:26rem;object-fit:contain;object-position:left top;display:block}
.figure{max-width:100%;display:block;margin:.5rem 0 1.5rem}
.caption td{color:#666;font-size:.9rem;padding:.1rem 0 1rem;overflow-wrap:anywhere}
"""


Table = Sequence[Mapping[str, str | float | None]]


def write_sheet(
    rows: Sequence[Sequence[np.ndarray]],
    columns: Sequence[str],
    out: str | os.PathLike,
    title: str = '',
    captions: Sequence[str] | None = None,
    table: Table = (),
    legend: Mapping[str, Color] | None = None,
    tile_width: int = 256,
) -> tuple[Path, Path]:
    """Write a self-contained HTML page and a PNG with the same content.

    Args:
        rows (Sequence[Sequence[np.ndarray]]): For each row, an RGB image, uint8 (H, W, 3), of any
            size for each column.
        columns (Sequence[str]): Headings, for example photo, CAM, mask, truth.
        out (str | os.PathLike): Path of the HTML file; the PNG takes the same name with its own
            suffix.
        title (str): Title above everything. Defaults to '': none.
        captions (Sequence[str], optional): Line below each row. Defaults to None: no lines.
        table (Table): Numbers on top: a mapping for each line, all with the same keys, for example
            ``{'method': 'CAM', 'mIoU': 58.4, 'threshold': 0.28}``. Defaults to (): no table.
        legend (Mapping[str, Color], optional): Colours by the names of classes. Defaults to None:
            no legend.
        tile_width (int): Width of a column in the PNG in pixels; the page embeds images up to
            twice as wide. Defaults to 256.

    Returns:
        tuple[Path, Path]: The HTML file and the PNG file.

    Raises:
        ValueError: If rows, columns, captions or table do not fit each other.
    """
    check_rows(rows, columns, captions)
    png = Path(out).with_suffix('.png')
    page = write_page(out, title, table, legend, rows, columns, captions, tile_width=tile_width)
    grid = image_grid(rows, columns, title, captions, legend, table, tile_width)
    with atomic_open(png) as file:
        Image.fromarray(grid).save(file, 'PNG', optimize=True)
    return page, png


def write_page(
    out: str | os.PathLike,
    title: str = '',
    table: Table = (),
    legend: Mapping[str, Color] | None = None,
    rows: Sequence[Sequence[np.ndarray]] = (),
    columns: Sequence[str] = (),
    captions: Sequence[str] | None = None,
    notes: Sequence[str] = (),
    figures: Mapping[str, np.ndarray] | None = None,
    tile_width: int = 256,
) -> Path:
    """Write a self-contained HTML page.

    Args:
        out (str | os.PathLike): Path of the HTML file.
        title (str): Title above everything. Defaults to '': none.
        table (Table): Numbers on top, see :func:`write_sheet`. Defaults to (): no table.
        legend (Mapping[str, Color], optional): Colours by the names of classes. Defaults to None:
            no legend.
        rows (Sequence[Sequence[np.ndarray]]): Rows of images, see :func:`write_sheet`. Defaults to
            (): no images.
        columns (Sequence[str]): Headings of the images.
        captions (Sequence[str], optional): Line below each row. Defaults to None: no lines.
        notes (Sequence[str]): Paragraphs below the table. Defaults to (): none.
        figures (Mapping[str, np.ndarray], optional): Large RGB images, uint8 (H, W, 3), by their
            headings, below the notes. Defaults to None: none.
        tile_width (int): Half of the width in pixels to which images of rows are scaled down.
            Defaults to 256.

    Returns:
        Path: The HTML file.

    Raises:
        ValueError: If rows, columns, captions or table do not fit each other.
    """
    if rows:
        check_rows(rows, columns, captions)
    if any(line.keys() != table[0].keys() for line in table):
        raise ValueError('the lines of the table have different keys')
    page = Path(out).with_suffix('.html')
    body = [
        f'<h1>{html.escape(title)}</h1>' if title else '',
        _number_table(table),
        *(f'<p>{html.escape(note)}</p>' for note in notes),
        *(_figure(heading, image) for heading, image in (figures or {}).items()),
        _legend(legend or {}),
        _image_table(rows, columns, captions, 2 * tile_width) if rows else '',
    ]
    with atomic_open(page) as file:
        file.write(_document(title, '\n'.join(part for part in body if part)).encode())
    return page


def _document(title: str, body: str) -> str:
    """Wrap the page's content."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{html.escape(title)}</title>\n<style>{_STYLE}</style></head>\n'
        f'<body>\n{body}\n</body></html>\n'
    )


def _row(cells: Sequence[str], tag: str = 'td') -> str:
    return '<tr>' + ''.join(f'<{tag}>{cell}</{tag}>' for cell in cells) + '</tr>'


def _number_table(table: Table) -> str:
    if not table:
        return ''
    lines = [_row([html.escape(key) for key in table[0]], 'th')]
    lines += [
        _row([html.escape(format_number(value)) for value in line.values()]) for line in table
    ]
    return '<table class="numbers">\n' + '\n'.join(lines) + '\n</table>'


def _legend(legend: Mapping[str, Color]) -> str:
    entries = [
        f'<li><i style="background:rgb{tuple(map(int, color))}"></i>{html.escape(name)}</li>'
        for name, color in legend.items()
    ]
    return '<ul class="legend">' + ''.join(entries) + '</ul>' if entries else ''


def _image_table(
    rows: Sequence[Sequence[np.ndarray]],
    columns: Sequence[str],
    captions: Sequence[str] | None,
    width: int,
) -> str:
    lines = [_row([html.escape(name) for name in columns], 'th')]
    for number, row in enumerate(rows):
        lines.append(_row([_embed(image, name, width) for image, name in zip(row, columns)]))
        caption = html.escape(captions[number]) if captions is not None else ''
        lines.append(f'<tr class="caption"><td colspan="{len(columns)}">{caption}</td></tr>')
    return '<table class="sheet">\n' + '\n'.join(lines) + '\n</table>'


def _figure(heading: str, image: np.ndarray) -> str:
    return f'<h2>{html.escape(heading)}</h2>\n' + _png(Image.fromarray(image), heading, 'figure')


def _embed(image: np.ndarray, name: str, width: int) -> str:
    """Encode an image into the page: masks as PNG, photos as JPEG."""
    shown = fit_image(image, min(width, image.shape[1]), image.shape[0])
    if is_flat(image):
        return _png(shown, name)
    return _image_tag(shown, name, 'jpeg', quality=88)


def _png(image: Image.Image, name: str, css_class: str = '') -> str:
    return _image_tag(image, name, 'png', css_class, optimize=True)


def _image_tag(image: Image.Image, name: str, kind: str, css_class: str = '', **options) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    data = base64.b64encode(buffer.getvalue()).decode()
    css = f' class="{css_class}"' if css_class else ''
    return f'<img{css} alt="{html.escape(name, quote=True)}" src="data:image/{kind};base64,{data}">'
