"""Images side by side with headings, captions and a legend of colours."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .fonts import font_file

_MARGIN, _GAP, _CELL = 12, 8, 320
_INK, _PALE = (20, 20, 20), (110, 110, 110)
Color = tuple[int, int, int]


def is_flat(image: np.ndarray) -> bool:
    """Return whether an image has few colours, as masks have, unlike photos.

    Args:
        image (np.ndarray): RGB image, uint8 (H, W, 3).

    Returns:
        bool: Whether it has at most 64 colours.
    """
    packed = image.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    return len(np.unique(packed)) <= 64


def fit_image(image: np.ndarray, width: int, height: int) -> Image.Image:
    """Scale an image into a box, keeping its proportions; masks stay crisp.

    Args:
        image (np.ndarray): RGB image, uint8 (H, W, 3).
        width (int): Width of the box in pixels.
        height (int): Height of the box in pixels.

    Returns:
        Image.Image: The scaled image.

    Raises:
        ValueError: If the array has another type or shape.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'image is {image.dtype}{list(image.shape)}, expected uint8 (H, W, 3) RGB')
    factor = min(width / image.shape[1], height / image.shape[0])
    size = [max(1, round(side * factor)) for side in (image.shape[1], image.shape[0])]
    method = Image.Resampling.NEAREST if is_flat(image) else Image.Resampling.LANCZOS
    return Image.fromarray(image).resize(size, method)


def format_number(value: str | float | None) -> str:
    """Format a cell of a table.

    Args:
        value (str | float, optional): The value.

    Returns:
        str: A float with two decimals, a dash for None, other values as they are.
    """
    if value is None:
        return '–'
    return f'{value:.2f}' if isinstance(value, float) else str(value)


def _shorten(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """Cut a text to a width, with an ellipsis."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + '…') > width:
        text = text[:-1]
    return text.rstrip() + '…'


def check_rows(
    rows: Sequence[Sequence[np.ndarray]], columns: Sequence[str], captions: Sequence[str] | None
) -> None:
    """Check that rows and captions fit the headings.

    Args:
        rows (Sequence[Sequence[np.ndarray]]): Images of each row.
        columns (Sequence[str]): Headings.
        captions (Sequence[str], optional): Line below each row.

    Raises:
        ValueError: If they do not fit.
    """
    if not rows or not columns:
        raise ValueError('a sheet needs at least one row and one column')
    for number, row in enumerate(rows):
        if len(row) != len(columns):
            raise ValueError(f'row {number} has {len(row)} images for {len(columns)} columns')
    if captions is not None and len(captions) != len(rows):
        raise ValueError(f'{len(captions)} captions for {len(rows)} rows')


# Left edge, row, text and font of each cell.
_Cells = list[tuple[float, int, str, ImageFont.FreeTypeFont]]


def _load_fonts(texts: Sequence[str]) -> tuple[ImageFont.FreeTypeFont, ...]:
    """Return the fonts of texts, headings and the title, which have all characters of a sheet."""
    plain, bold = font_file(texts), font_file(texts, bold=True)
    return tuple(
        ImageFont.truetype(path, size) for path, size in ((plain, 15), (bold, 15), (bold, 20))
    )


def _texts(lines: Sequence[Mapping[str, str | float | None]]) -> list[str]:
    """Return the headings and the texts of a table."""
    return [text for line in lines for text in (*line, *line.values()) if isinstance(text, str)]


def _lay_out_table(
    lines: Sequence[Mapping[str, str | float | None]],
    plain: ImageFont.FreeTypeFont,
    bold: ImageFont.FreeTypeFont,
) -> _Cells:
    """Place a table's cells; text is flush left, numbers flush right."""
    cells: _Cells = []
    x: float = _MARGIN
    for key in lines[0]:
        column = [(key, bold), *((format_number(line[key]), plain) for line in lines)]
        column = [(_shorten(text, font, _CELL), font) for text, font in column]
        width = max(font.getlength(text) for text, font in column)
        right = all(not isinstance(line[key], str) for line in lines)
        for row, (text, font) in enumerate(column):
            cells.append((x + (width - font.getlength(text) if right else 0), row, text, font))
        x += width + 2 * plain.size
    return cells


def _table_width(cells: _Cells) -> int:
    """Return how wide a sheet must be for a table."""
    return round(max((x + font.getlength(text) for x, _, text, font in cells), default=0)) + _MARGIN


class _Sheet:
    """A white image that grows downwards as blocks are appended."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.blocks: list[Image.Image] = []

    def block(self, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        self.blocks.append(Image.new('RGB', (self.width, height), 'white'))
        return self.blocks[-1], ImageDraw.Draw(self.blocks[-1])

    def line(self, text: str, font: ImageFont.FreeTypeFont, color: Color = _INK) -> None:
        """Append one line of text."""
        _, draw = self.block(round(font.size * 1.6))
        text = _shorten(' '.join(text.split()), font, self.width - 2 * _MARGIN)
        draw.text((_MARGIN, font.size * 0.2), text, color, font)

    def table(self, cells: _Cells, font: ImageFont.FreeTypeFont) -> None:
        """Append a table; its first row is the heading."""
        step = round(font.size * 1.6)
        _, draw = self.block(step * (1 + max(cell[1] for cell in cells)) + _GAP)
        draw.line((_MARGIN, step - 1, _table_width(cells) - _MARGIN, step - 1), _PALE)
        for x, row, text, cell_font in cells:
            draw.text((x, row * step + font.size * 0.15), text, _INK, cell_font)

    def legend(self, entries: Mapping[str, Color], font: ImageFont.FreeTypeFont) -> None:
        """Append swatches with names, in as many lines as they need."""
        swatch, line = font.size, round(font.size * 1.7)
        spots = []
        x: float = _MARGIN
        y = 0
        for name, color in entries.items():
            name = _shorten(name, font, self.width - 2 * _MARGIN - 2 * swatch)
            needed = 1.5 * swatch + font.getlength(name)
            if x > _MARGIN and x + needed > self.width - _MARGIN:
                x, y = _MARGIN, y + line
            spots.append((x, y, name, color))
            x += round(needed) + 2 * swatch
        _, draw = self.block(y + line)
        for x, y, name, color in spots:
            draw.rectangle((x, y + 3, x + swatch, y + 3 + swatch), tuple(color), _PALE)
            draw.text((x + 1.5 * swatch, y + 1), name, _INK, font)

    def join(self) -> np.ndarray:
        """Return all blocks, one below the other."""
        space = np.full((_MARGIN, self.width, 3), 255, np.uint8)
        return np.concatenate([space, *map(np.asarray, self.blocks), space])


def image_grid(
    rows: Sequence[Sequence[np.ndarray]],
    columns: Sequence[str],
    title: str = '',
    captions: Sequence[str] | None = None,
    legend: Mapping[str, Color] | None = None,
    table: Sequence[Mapping[str, str | float | None]] = (),
    tile_width: int = 256,
) -> np.ndarray:
    """Set images out in a grid.

    Args:
        rows (Sequence[Sequence[np.ndarray]]): For each row, an RGB image, uint8 (H, W, 3), of any
            size for each column.
        columns (Sequence[str]): Headings.
        title (str): Title above everything. Defaults to '': none.
        captions (Sequence[str], optional): Line below each row. Defaults to None: no lines.
        legend (Mapping[str, Color], optional): Colours by the names of classes. Defaults to None:
            no legend.
        table (Sequence[Mapping]): Numbers below the title: a mapping for each line, all with the
            same keys. Defaults to (): no table.
        tile_width (int): Width of a column in pixels. Defaults to 256.

    Returns:
        np.ndarray: RGB image, uint8 (H, W, 3).

    Raises:
        ValueError: If rows, columns and captions do not fit each other.
    """
    check_rows(rows, columns, captions)
    fonts = _load_fonts([title, *columns, *(captions or ()), *(legend or ()), *_texts(table)])
    text, head, large = fonts
    left = [_MARGIN + i * (tile_width + _GAP) for i in range(len(columns))]
    cells = _lay_out_table(table, text, head) if table else []
    sheet = _Sheet(max(left[-1] + tile_width + _MARGIN, _table_width(cells)))
    if title:
        sheet.line(title, large)
    if cells:
        sheet.table(cells, text)
    if legend:
        sheet.legend(legend, text)
    _, draw = sheet.block(round(head.size * 1.8))
    for x, heading in zip(left, columns):
        draw.text((x, head.size * 0.2), _shorten(heading, head, tile_width), _INK, head)
    for number, row in enumerate(rows):
        tiles = [fit_image(image, tile_width, round(1.25 * tile_width)) for image in row]
        block, _ = sheet.block(max(tile.height for tile in tiles))
        for x, tile in zip(left, tiles):
            block.paste(tile, (x, 0))
        if captions is not None:
            sheet.line(captions[number], text, _PALE)
        sheet.block(_GAP)
    return sheet.join()


def spread(total: int, count: int) -> list[int]:
    """Choose items that are evenly spread.

    Args:
        total (int): Number of items.
        count (int): Number of items to choose; all are chosen if there are fewer.

    Returns:
        list[int]: Indices of the chosen items, ascending.
    """
    return np.linspace(0, total - 1, min(count, total)).astype(int).tolist()
