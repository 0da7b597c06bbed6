"""Scores of labels and response maps against the true masks of a dataset."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.dist import all_reduce, is_main_process

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.masks import read_mask
from mmwsss.evaluation.cam_histogram import (
    SparseHistogram,
    class_scores,
    confusion_matrices,
    sum_histograms,
    threshold_histogram,
)
from mmwsss.evaluation.label_scores import LabelScores, label_confusion
from mmwsss.evaluation.truth import require_true_classes
from mmwsss.process_pool import ordered_map
from mmwsss.structures import CAMStore

from .images import TaggedImage
from .processes import own_share
from .provenance import read_response

THRESHOLDS = 100


@dataclass(frozen=True)
class LabelCounter:
    """Counts the pixels of an image by label and true class. Picklable, for a pool.

    Attributes:
        folder (LabelFolder): The labels.
    """

    folder: LabelFolder

    def __call__(self, image: TaggedImage) -> np.ndarray:
        """Count the pixels of one image.

        Args:
            image (TaggedImage): An image with a mask.

        Returns:
            np.ndarray: The confusion matrix of :func:`label_confusion`.
        """
        labels = self.folder.read(image.img_id)
        return label_confusion(labels, _read_truth(image), len(self.folder.classes))


@dataclass(frozen=True)
class CAMCounter:
    """Counts the pixels of an image by score, predicted and true class. Picklable, for a pool.

    Attributes:
        store (CAMStore): The response maps.
    """

    store: CAMStore

    def __call__(self, image: TaggedImage) -> SparseHistogram:
        """Count the pixels of one image.

        Args:
            image (TaggedImage): An image with a mask.

        Returns:
            SparseHistogram: The histogram of :func:`threshold_histogram`.
        """
        truth = torch.from_numpy(_read_truth(image))
        response, _ = read_response(self.store, image, truth.shape)
        thresholds = torch.arange(THRESHOLDS) / THRESHOLDS
        return threshold_histogram(response, truth, thresholds, len(self.store.classes))


def _read_truth(image: TaggedImage) -> np.ndarray:
    if image.mask_path is None:
        raise ValueError(f'{image.img_path}: no mask to measure against')
    return read_mask(image.mask_path)


def with_mask(images: Iterable[TaggedImage]) -> list[TaggedImage]:
    """Take the images that can be measured.

    Args:
        images (Iterable[TaggedImage]): The images.

    Returns:
        list[TaggedImage]: The images that have a true mask.
    """
    return [image for image in images if image.mask_path is not None]


def measure_labels(
    folder: LabelFolder, images: Sequence[TaggedImage], workers: int = 0
) -> LabelScores | None:
    """Measure labels against the true masks, in all processes together.

    Args:
        folder (LabelFolder): The labels.
        images (Sequence[TaggedImage]): All images of the dataset.
        workers (int): Processes of the pool; 0 works in this one. Defaults to 0.

    Returns:
        LabelScores, optional: The scores over all images with a mask, None where no image has
        one.

    Raises:
        DataError: If no mask shows a class.
    """
    measured = with_mask(images)
    if not measured:
        return None
    counts = ordered_map(
        LabelCounter(folder),
        own_share(measured),
        workers=workers,
        name_of=lambda image: image.img_id,
        description='measure',
        progress=is_main_process(),
    )
    classes = len(folder.classes)
    confusion = np.zeros((classes + 1, classes + 2), np.int64)
    for count in counts:
        confusion += count
    total = torch.from_numpy(confusion)
    all_reduce(total)
    require_true_classes(total.numpy().sum(1))
    return LabelScores.from_confusion(total.numpy())


def measure_cams(
    store: CAMStore, images: Sequence[TaggedImage], workers: int = 0
) -> tuple[dict[str, np.ndarray], float]:
    """Measure response maps at the threshold of the best mIoU, in all processes together.

    Args:
        store (CAMStore): The response maps.
        images (Sequence[TaggedImage]): All images of the dataset; at least one has a mask.
        workers (int): Processes of the pool; 0 works in this one. Defaults to 0.

    Returns:
        tuple[dict[str, np.ndarray], float]: Name of a score → its values in percent for the
        background and each class, shape (C + 1,); and the threshold in [0, 1].
    """
    histograms = ordered_map(
        CAMCounter(store),
        own_share(with_mask(images)),
        workers=workers,
        name_of=lambda image: image.img_id,
        description='measure CAM',
        progress=is_main_process(),
    )
    total = torch.from_numpy(sum_histograms(list(histograms), THRESHOLDS, len(store.classes)))
    all_reduce(total)
    confusion = confusion_matrices(total.numpy())
    best = int(np.argmax(np.nanmean(class_scores(confusion).iou, 1)))
    scores = class_scores(confusion[best])
    columns = {'IoU': scores.iou, 'precision': scores.precision, 'recall': scores.recall}
    return {name: 100 * values for name, values in columns.items()}, best / THRESHOLDS
