"""Scores of a folder of masks against true masks, image by image of the same name."""

import os
from collections.abc import Sequence
from pathlib import Path

from mmwsss.datasets import LabelFolder
from mmwsss.evaluation.label_scores import LabelScores, score_rows
from mmwsss.pseudo_labels.images import TaggedImage
from mmwsss.pseudo_labels.measure import measure_labels
from mmwsss.pseudo_labels.processes import pool_size
from mmwsss.structures import DataError
from mmwsss.structures.tables import render_table


def measure_masks(
    masks: str | os.PathLike,
    truth: str | os.PathLike,
    classes: Sequence[str],
    workers: int | None = None,
) -> tuple[LabelScores, str]:
    """Measure the masks of every image that has a true mask.

    Args:
        masks (str | os.PathLike): Folder of masks, indexed PNGs: 0 background, i + 1 class i, 255
            unlabelled.
        truth (str | os.PathLike): Folder of true masks of the same names, in which 255 does not
            count.
        classes (Sequence[str]): Names of the foreground classes, in the order of their indices.
        workers (int, optional): Processes of the pool. Defaults to None: see :func:`pool_size`.

    Returns:
        tuple[LabelScores, str]: The scores, and how many images they are of.

    Raises:
        DataError: If a folder has no masks, no name is in both, or a true mask shows no class.
        ImageError: If a mask cannot be read, holds a value that is no class, or has another size
            than the true mask. Names it.
    """
    folder = LabelFolder(masks, 'masks', classes)
    made, true = set(_names(folder)), set(_names(LabelFolder(truth, 'masks', classes)))
    both = sorted(made & true)
    if not both:
        raise DataError(
            f'{masks}: no mask has a true mask of its name in {truth}, '
            f'{min(made)}.png for example; correct the folders'
        )
    images = [TaggedImage(name, '', (), str(Path(truth, f'{name}.png'))) for name in both]
    scores = measure_labels(folder, images, pool_size(workers, len(images)))
    assert scores is not None  # each image has a true mask
    return scores, f'{len(both)} images; {len(made - true)} masks have no true mask'


def _names(folder: LabelFolder) -> list[str]:
    names = list(folder.ids())
    if not names:
        raise DataError(f'{folder.root}: no PNG, so no masks; correct the folder')
    return names


def mask_score_table(scores: LabelScores, classes: Sequence[str], title: str = '') -> str:
    """Lay out the scores as text, a row for each class.

    Args:
        scores (LabelScores): The scores.
        classes (Sequence[str]): Names of the foreground classes.
        title (str): A line above the table. Defaults to none.

    Returns:
        str: The table.
    """
    return render_table(score_rows(classes, scores.columns()), title)
