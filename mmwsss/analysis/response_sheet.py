"""Pages of response maps and masks of methods: photo, maps, masks and truth side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope

from mmwsss.datasets.masks import read_mask
from mmwsss.datasets.transforms import LoadImage, LoadSegMap
from mmwsss.evaluation.curve_file import read_best
from mmwsss.registry import DATASETS
from mmwsss.structures import CAMStore
from mmwsss.structures.tables import write_csv
from mmwsss.visualization import color_labels, label_legend, overlay_scores, write_sheet
from mmwsss.visualization.grid import spread
from mmwsss.visualization.scatter import draw_scatter

from .image_ious import image_ious, lowest


@dataclass(frozen=True)
class StoredMethod:
    """Response maps of a method.

    Attributes:
        store (CAMStore): The response maps.
        threshold (float): Background threshold at which they become seeds.
    """

    store: CAMStore
    threshold: float

    def mask(self, img_id: str) -> np.ndarray:
        """Return the seed of an image, uint8 (H, W)."""
        return self.store.read(img_id).seed(self.threshold).cpu().numpy()

    def columns(
        self, name: str, image: np.ndarray, img_id: str, palette: list | None
    ) -> dict[str, np.ndarray]:
        """Draw the response map and the seed of an image, each by its title."""
        strongest = self.store.read(img_id).resized().amax(0).cpu().numpy()
        return {
            f'{name}: response': overlay_scores(image, strongest),
            f'{name}: seed': color_labels(self.mask(img_id), palette),
        }


@dataclass(frozen=True)
class StoredMasks:
    """Masks of a method: pseudo-labels, or what ``tools/test.py --out`` wrote for a segmentor.

    Attributes:
        folder (Path): Folder of index masks ``<img_id>.png``.
    """

    folder: Path

    def mask(self, img_id: str) -> np.ndarray:
        """Return the mask of an image, uint8 (H, W)."""
        return read_mask(self.folder / f'{img_id}.png')

    def columns(
        self, name: str, image: np.ndarray, img_id: str, palette: list | None
    ) -> dict[str, np.ndarray]:
        """Draw the mask of an image by its title."""
        return {name: color_labels(self.mask(img_id), palette)}


Method = StoredMethod | StoredMasks


def read_methods(
    arguments: Mapping[str, str],
) -> tuple[dict[str, Method], list[dict[str, str | float]]]:
    """Open the response maps of methods and choose their thresholds.

    Args:
        arguments (Mapping[str, str]): For each method, by its name, ``STORE@THRESHOLD``, or
            ``STORE@CURVES.json`` with a ``curve_file`` of ``CAMMetric``, the best threshold of
            which is taken, or ``STORE``, for which that file is ``STORE.json``; or a folder of
            masks.

    Returns:
        tuple[dict[str, Method], list[dict[str, str | float]]]: The methods by name, and a
        line for each in the table of the page.

    Raises:
        FileNotFoundError: If there is no such file of curves.
        ValueError: If a threshold lies outside [0, 1).
        DataError: If a file of curves is damaged; names it.
    """
    methods: dict[str, Method] = {}
    table: list[dict[str, str | float]] = []
    for name, argument in arguments.items():
        if Path(argument).is_dir() and any(Path(argument).rglob('*.png')):
            methods[name] = StoredMasks(Path(argument))
            table.append({'method': name, 'mIoU': '–', 'threshold': '–'})
            continue
        folder, _, place = argument.partition('@')
        miou: str | float = '–'
        try:
            threshold = float(place)
        except ValueError:
            file = Path(place or f'{folder.rstrip("/")}.json')
            if not file.is_file():
                raise FileNotFoundError(
                    f'{file}: no such file of curves: give a threshold, as {name}={folder}@0.2'
                ) from None
            threshold, miou = read_best(file, 'threshold', 'mIoU')
        if not 0 <= threshold < 1:
            raise ValueError(f'{argument}: the threshold is {threshold:g}; give one in [0, 1)')
        methods[name] = StoredMethod(CAMStore.open(folder), threshold)
        table.append({'method': name, 'mIoU': miou, 'threshold': threshold})
    return methods, table


def write_response_sheet(
    cfg: Config,
    methods: Mapping[str, Method],
    out: Path,
    title: str,
    table: Sequence[Mapping[str, str | float]],
    count: int = 12,
    img_ids: Sequence[str] = (),
) -> tuple[Path, Path]:
    """Write an HTML page and a PNG of images of a config's test set.

    Args:
        cfg (Config): Config with ``test_dataloader.dataset``; its masks are shown if it has any.
        methods (Mapping[str, Method]): Response maps or masks of all those images by the name of
            the method.
        out (Path): Path of the HTML file.
        title (str): Title of the page.
        table (Sequence[Mapping]): Lines of the table on top.
        count (int): Number of images, evenly spread over the test set. Defaults to 12.
        img_ids (Sequence[str]): Ids of the images to show instead. Defaults to (): ``count``
            decides.

    Returns:
        tuple[Path, Path]: The HTML file and the PNG file.

    Raises:
        ValueError: If the test set has no tags or no such image, or no image is to be shown.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    if 'gt_label' not in dataset.get_data_info(0):
        raise ValueError(
            f'{cfg.filename}: its test set has no tags; name the config of a classifier'
        )
    if count < 1:
        raise ValueError(f'{count} images are to be shown; show at least 1')
    names, palette = dataset.metainfo['classes'], dataset.metainfo.get('palette')
    rows, captions, seen = [], [], set()
    for index in _chosen(dataset, img_ids) if img_ids else spread(len(dataset), count):
        info = dataset.get_data_info(index)
        columns, labels = _columns(info, methods, palette)
        rows.append(list(columns.values()))
        captions.append(f'{info["img_id"]}: {", ".join(names[i] for i in info["gt_label"])}')
        seen |= set(np.unique(labels).tolist())
    legend = label_legend(names, np.array([sorted(seen)], np.uint8), palette)
    return write_sheet(rows, list(columns), out, title, captions, table, legend)


def choose_images(
    cfg: Config,
    methods: Mapping[str, Method],
    out: Path,
    count: int,
    names: Sequence[str],
) -> list[str]:
    """Choose images of a config's test set by their IoU, and write the IoU of all as CSV.

    Args:
        cfg (Config): Config with ``test_dataloader.dataset``, which has masks.
        methods (Mapping[str, Method]): The methods by name.
        out (Path): Path of the page; the CSV goes beside it, and a chart if there are two names.
        count (int): Number of images.
        names (Sequence[str]): One method, to take the images of its lowest IoU, or two, to take
            those where the IoU of the second is furthest above that of the first.

    Returns:
        list[str]: Ids of the images.

    Raises:
        ValueError: If there is no such method, or an image has no mask.
    """
    unknown = [name for name in names if name not in methods]
    if unknown:
        raise ValueError(f'no method is called {", ".join(unknown)}: {", ".join(methods)}')
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    ious = image_ious(dataset, {name: method.mask for name, method in methods.items()})
    img_ids = [dataset.get_data_info(index)['img_id'] for index in range(len(dataset))]
    rows = [
        {'img_id': img_id, **{name: float(values[index]) for name, values in ious.items()}}
        for index, img_id in enumerate(img_ids)
    ]
    write_csv(out.with_suffix('.csv'), rows)
    if len(names) == 1:
        return [img_ids[index] for index in lowest(ious[names[0]], count)]
    first, second = (ious[name] for name in names)
    chart = out.with_name(f'{out.stem}_iou.png')
    x_label, y_label = (f'IoU in %, {name}' for name in names)
    draw_scatter(first, second, x_label, y_label, chart)
    return [img_ids[index] for index in lowest(first - second, count)]


def _chosen(dataset: BaseDataset, img_ids: Sequence[str]) -> list[int]:
    places = {dataset.get_data_info(index)['img_id']: index for index in range(len(dataset))}
    unknown = [img_id for img_id in img_ids if img_id not in places]
    if unknown:
        raise ValueError(f'the test set has no image {", ".join(unknown)}')
    return [places[img_id] for img_id in img_ids]


def _columns(
    info: dict, methods: Mapping[str, Method], palette: list | None
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    results = LoadImage()(info)
    image = results['img'][..., ::-1]
    columns, masks = {'photo': image}, []
    for name, method in methods.items():
        columns |= method.columns(name, image, info['img_id'], palette)
        masks.append(method.mask(info['img_id']))
    if 'seg_map_path' in info:
        masks.append(LoadSegMap()(results)['gt_seg_map'])
        columns['truth'] = color_labels(masks[-1], palette)
    return columns, np.stack(masks)
