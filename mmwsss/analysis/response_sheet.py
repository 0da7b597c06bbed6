"""Pages of response maps that a test run stored: photo, CAM, seed and truth side by side."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope

from mmwsss.datasets.transforms import LoadImage, LoadSegMap
from mmwsss.evaluation.curve_file import best_score
from mmwsss.registry import DATASETS
from mmwsss.structures import CAMStore
from mmwsss.visualization import color_labels, label_legend, overlay_scores, write_sheet
from mmwsss.visualization.grid import spread


@dataclass(frozen=True)
class StoredMethod:
    """Response maps of a method.

    Attributes:
        store (CAMStore): The response maps.
        threshold (float): Background threshold at which they become seeds.
    """

    store: CAMStore
    threshold: float


def read_methods(
    arguments: Mapping[str, str],
) -> tuple[dict[str, StoredMethod], list[dict[str, str | float]]]:
    """Open the response maps of methods and choose their thresholds.

    Args:
        arguments (Mapping[str, str]): For each method, by its name, ``STORE@THRESHOLD``, or
            ``STORE@CURVES.json`` with a ``curve_file`` of ``CAMMetric``, the best threshold of
            which is taken, or ``STORE``, for which that file is ``STORE.json``.

    Returns:
        tuple[dict[str, StoredMethod], list[dict[str, str | float]]]: The methods by name, and a
        line for each in the table of the page.

    Raises:
        FileNotFoundError: If there is no such file of curves.
    """
    methods, table = {}, []
    for name, argument in arguments.items():
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
            curves = json.loads(file.read_text())
            threshold, miou = (best_score(curves, key) for key in ('threshold', 'mIoU'))
        methods[name] = StoredMethod(CAMStore.open(folder), threshold)
        table.append({'method': name, 'mIoU': miou, 'threshold': threshold})
    return methods, table


def write_response_sheet(
    cfg: Config,
    methods: Mapping[str, StoredMethod],
    out: Path,
    title: str,
    table: Sequence[Mapping[str, str | float]],
    count: int = 12,
    img_ids: Sequence[str] = (),
) -> tuple[Path, Path]:
    """Write an HTML page and a PNG of images of a config's test set.

    Args:
        cfg (Config): Config with ``test_dataloader.dataset``; its masks are shown if it has any.
        methods (Mapping[str, StoredMethod]): Response maps of all those images by the name of the
            method.
        out (Path): Path of the HTML file.
        title (str): Title of the page.
        table (Sequence[Mapping]): Lines of the table on top.
        count (int): Number of images, evenly spread over the test set. Defaults to 12.
        img_ids (Sequence[str]): Ids of the images to show instead. Defaults to (): ``count``
            decides.

    Returns:
        tuple[Path, Path]: The HTML file and the PNG file.

    Raises:
        ValueError: If the test set has no such image.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
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


def _chosen(dataset: BaseDataset, img_ids: Sequence[str]) -> list[int]:
    places = {dataset.get_data_info(index)['img_id']: index for index in range(len(dataset))}
    unknown = [img_id for img_id in img_ids if img_id not in places]
    if unknown:
        raise ValueError(f'the test set has no image {", ".join(unknown)}')
    return [places[img_id] for img_id in img_ids]


def _columns(
    info: dict, methods: Mapping[str, StoredMethod], palette: list | None
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    results = LoadImage()(info)
    image = results['img'][..., ::-1]
    columns, masks = {'photo': image}, []
    for name, method in methods.items():
        response = method.store.read(info['img_id'])
        strongest = response.resized().amax(0).cpu().numpy()
        seed = response.seed(method.threshold).cpu().numpy()
        columns[f'{name}: response'] = overlay_scores(image, strongest)
        columns[f'{name}: seed'] = color_labels(seed, palette)
        masks.append(seed)
    if 'seg_map_path' in info:
        masks.append(LoadSegMap()(results)['gt_seg_map'])
        columns['truth'] = color_labels(masks[-1], palette)
    return columns, np.stack(masks)
