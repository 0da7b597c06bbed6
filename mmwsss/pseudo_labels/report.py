"""Scores and drawings of pseudo-labels, before and after refinement."""

from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from PIL import Image

from mmwsss.datasets.masks import read_mask
from mmwsss.evaluation.label_scores import score_rows
from mmwsss.structures import atomic_open, img_id_path
from mmwsss.structures.tables import render_table, write_csv, write_json
from mmwsss.visualization import color_labels, image_grid, label_legend

from .images import TaggedImage
from .make import PseudoLabels
from .measure import measure_cams, measure_labels, with_mask
from .processes import own_share


def report_pseudo_labels(labels: PseudoLabels, workers: int = 0) -> dict | None:
    """Measure response maps and pseudo-labels, and write ``report.json`` and ``report.csv``.

    Args:
        labels (PseudoLabels): The pseudo-labels.
        workers (int): Processes of the pool; 0 works in this one. Defaults to 0.

    Returns:
        dict, optional: The scores, as ``report.json`` holds them. None where no image has a mask.
    """
    after = measure_labels(labels.folder, labels.images, workers)
    if after is None:
        return None
    before, threshold = measure_cams(labels.load.store, labels.images, workers)
    columns = {f'CAM {name}': values for name, values in before.items()}
    rows = score_rows(labels.folder.classes, columns | after.columns())
    report = {
        'images': len(with_mask(labels.images)),
        'threshold': threshold,
        'coverage': after.total_coverage,
        'classes': rows,
    }
    if is_main_process():
        write_json(Path(labels.folder.root, 'report.json'), report)
        write_csv(Path(labels.folder.root, 'report.csv'), rows)
    return report


def report_table(report: dict) -> str:
    """Lay out the scores of pseudo-labels as text.

    Args:
        report (dict): What :func:`report_pseudo_labels` returns.

    Returns:
        str: A title and a table with a row for each class.
    """
    title = (
        f'{report["images"]} images: CAM at its best threshold {report["threshold"]:g}, '
        f'pseudo-labels ({report["coverage"]:.1f} % of the pixels)'
    )
    return render_table(report['classes'], title)


def draw_pseudo_labels(labels: PseudoLabels, out_dir: str, max_images: int) -> None:
    """Draw each image beside its label before refinement, its pseudo-label and its true mask.

    The drawing of an image goes to ``<out_dir>/<img_id>.jpg``.

    Args:
        labels (PseudoLabels): The pseudo-labels.
        out_dir (str): Folder of the drawings.
        max_images (int): How many images to draw, from the first on.
    """
    for image in own_share(labels.images[:max_images]):
        panel = _draw(labels, image)
        with atomic_open(img_id_path(out_dir, image.img_id, '.jpg')) as file:
            Image.fromarray(panel).save(file, 'JPEG', quality=92, subsampling=0)


def _draw(labels: PseudoLabels, image: TaggedImage) -> np.ndarray:
    names, palette = labels.folder.classes, labels.metainfo.get('palette')
    scored = labels.load(image)
    masks = {'CAM': scored.labels(), 'pseudo-label': labels.folder.read(image.img_id)}
    if image.mask_path:
        masks['truth'] = read_mask(image.mask_path)
    tiles = {'photo': scored.image}
    tiles |= {name: color_labels(mask, palette) for name, mask in masks.items()}
    legend = label_legend(names, np.stack(list(masks.values())), palette)
    return image_grid([list(tiles.values())], list(tiles), title=image.img_id, legend=legend)
