"""Pages of images that show what a sub-category has in common (Figures 3.5, 3.9 to 3.11)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmwsss.clustering.records import Member, Round, read_round
from mmwsss.datasets.transforms import LoadImage
from mmwsss.registry import DATASETS
from mmwsss.structures.counting import counted
from mmwsss.structures.tables import write_csv
from mmwsss.visualization import write_sheet
from mmwsss.visualization.figure import category_colors
from mmwsss.visualization.grid import Color, fit_image

_TILE = 128
_COLUMNS = (
    'class',
    'subcategory',
    'round',
    'images',
    'mean_distance',
    'kept',
    'co_occurring_classes',
    'img_ids',
)


def write_cluster_sheets(
    cfg: Config,
    work_dir: Path,
    rounds: Sequence[int],
    out_dir: Path,
    classes: Sequence[str] | None = None,
    count: int = 5,
) -> list[Path]:
    """Write a page (HTML and PNG) for each class, and the numbers of all as ``clusters.csv``.

    A line of a page is a sub-category, the largest first, with the images nearest to its mean in
    each round. The colour of an image's frame is that of the sub-category which the image has in
    the first of the rounds.

    Args:
        cfg (Config): Config with the ``train_dataloader.dataset`` that was clustered.
        work_dir (Path): Work dir of the run.
        rounds (Sequence[int]): Numbers of the rounds to show side by side.
        out_dir (Path): Folder of the pages.
        classes (Sequence[str], optional): Names of the classes to show. Defaults to None: all that
            have images.
        count (int): Number of images of each sub-category and round. Defaults to 5.

    Returns:
        list[Path]: The HTML files.

    Raises:
        ValueError: If a class or an image is not in the dataset.
        FileNotFoundError: If the run has no such round.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    images = {info['img_id']: info for info in infos}
    read = [read_round(work_dir, number) for number in rounds]
    present = [name for name in dataset.metainfo['classes'] if read[0].members.get(name)]
    unknown = sorted({*(classes or ())} - {*present})
    if unknown:
        raise ValueError(f'no images of {", ".join(unknown)} were clustered, but of {present}')
    names = list(classes or present)
    pages = [_write_page(read, name, images, out_dir, count) for name in names]
    _write_csv(out_dir / 'clusters.csv', read, names)
    return pages


def _write_page(
    rounds: Sequence[Round], name: str, images: Mapping[str, dict], out_dir: Path, count: int
) -> Path:
    """Write the page of a class and return the HTML file."""
    subcategories = _by_size(rounds, name)
    colors = _colors(subcategories)
    frames = {one.img_id: colors[one.subcategory] for one in rounds[0].members[name]}
    rows, captions = [], []
    for subcategory in subcategories:
        nearest = [one.cluster(name, subcategory)[:count] for one in rounds]
        rows.append(_row(nearest, images, frames, count))
        captions.append(_caption(rounds, name, subcategory))
    # Between two rounds a column stays blank.
    columns = [h for one in rounds for h in (f'round {one.number}', *[''] * count)][:-1]
    title = f'{name}: sub-categories, the images nearest to their means first'
    if len(rounds) > 1:
        title += f'; frames: sub-category in round {rounds[0].number}'
    table = [_table_line(one, name) for one in rounds]
    legend = {f'{subcategory}': color for subcategory, color in colors.items()}
    out = out_dir / f'{name}.html'
    page, _ = write_sheet(rows, columns, out, title, captions, table, legend, _TILE)
    return page


def _row(
    nearest: Sequence[Sequence[Member]],
    images: Mapping[str, dict],
    frames: Mapping[str, Color],
    count: int,
) -> list[np.ndarray]:
    """Return the nearest images of a sub-category in every round, with a gap between rounds."""
    row = []
    for members in nearest:
        row += [_framed(_load(images, one.img_id), frames[one.img_id]) for one in members]
        row += [_blank()] * (count + 1 - len(members))
    return row[:-1]


def _by_size(rounds: Sequence[Round], name: str) -> list[int]:
    """List the sub-categories that have images in any round, by their size in the first round."""
    used = {member.subcategory for one in rounds for member in one.members[name]}
    return sorted(used, key=lambda k: (-len(rounds[0].cluster(name, k)), k))


def _colors(subcategories: Sequence[int]) -> dict[int, Color]:
    colors = category_colors(len(subcategories))
    return {
        subcategory: (round(255 * r), round(255 * g), round(255 * b))
        for subcategory, (r, g, b, _) in zip(subcategories, colors)
    }


def _load(images: Mapping[str, dict], img_id: str) -> np.ndarray:
    if img_id not in images:
        raise ValueError(
            f'{img_id} was clustered but is not in the training dataset: give the config that the '
            'run was trained with'
        )
    return LoadImage()(dict(images[img_id]))['img'][..., ::-1]


def _framed(image: np.ndarray, color: Color) -> np.ndarray:
    """Scale an image to the width of two tiles and put a coloured frame around it."""
    image = np.asarray(fit_image(np.ascontiguousarray(image), 2 * _TILE, 2 * _TILE))
    framed = np.empty((image.shape[0] + 16, image.shape[1] + 16, 3), np.uint8)
    framed[:] = color
    framed[8:-8, 8:-8] = image
    return framed


def _blank() -> np.ndarray:
    return np.full((2, 8, 3), 255, np.uint8)


def _caption(rounds: Sequence[Round], name: str, subcategory: int) -> str:
    parts = [f'sub-category {subcategory}']
    for one in rounds:
        size = len(one.cluster(name, subcategory))
        others = one.co_occurring_classes(name, subcategory).most_common(3)
        listed = ', '.join(f'{other} in {shared}' for other, shared in others)
        parts.append(
            f'round {one.number}: {counted(size, "image")}' + (f' ({listed})' if listed else '')
        )
    if len(rounds) > 1:
        parts.append(f'in all of these rounds: {_count_kept(rounds, name, subcategory)}')
    return '; '.join(parts)


def _count_kept(rounds: Sequence[Round], name: str, subcategory: int) -> int:
    """Count the images that are in a sub-category in every round."""
    clusters = [{member.img_id for member in one.cluster(name, subcategory)} for one in rounds]
    return len(set.intersection(*clusters))


def _table_line(one: Round, name: str) -> dict[str, str | float]:
    """Return the statistics of a class in a round, as a line of the table on top of the page."""
    statistics = one.statistics[name]
    # NMI, ARI and the share moved compare with the round before, even if it is not on the page.
    compared = statistics['nmi'] is not None
    return {
        'round': one.number,
        'images': statistics['images'],
        'sub-categories': statistics['clusters'],
        'mean squared distance': statistics['inertia'],
        'compared with': f'round {one.number - 1}' if compared else '–',
        'NMI': statistics['nmi'] if compared else '–',
        'ARI': statistics['ari'] if compared else '–',
        'share moved': statistics['moved'] if compared else '–',
    }


def _write_csv(file: Path, rounds: Sequence[Round], names: Sequence[str]) -> None:
    """Write a line for each class, sub-category and round."""
    rows = [
        _csv_row(one, name, subcategory, _count_kept(rounds, name, subcategory))
        for name in names
        for subcategory in _by_size(rounds, name)
        for one in rounds
    ]
    write_csv(file, rows, _COLUMNS)


def _csv_row(one: Round, name: str, subcategory: int, kept: int) -> dict[str, str | float]:
    members = one.cluster(name, subcategory)
    distance = np.mean([member.distance for member in members]) if members else float('nan')
    others = one.co_occurring_classes(name, subcategory).most_common()
    cells = (
        name,
        subcategory,
        one.number,
        len(members),
        f'{distance:.6g}',
        kept,
        ';'.join(f'{other}:{shared}' for other, shared in others),
        ';'.join(member.img_id for member in members),
    )
    return dict(zip(_COLUMNS, cells))
