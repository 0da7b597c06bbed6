"""IoU of single images, and the images that a method does worst or gains most at."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from mmengine.dataset import BaseDataset

from mmwsss.datasets.transforms import LoadImage, LoadSegMap
from mmwsss.structures import IGNORED


def image_iou(mask: np.ndarray, truth: np.ndarray) -> float:
    """Compute the mean IoU of one image, over the classes that its mask or its truth shows.

    Args:
        mask (np.ndarray): Predicted mask, uint8 (H, W): 0 background, i + 1 class i. A pixel of 255
            belongs to no class.
        truth (np.ndarray): True mask of the same shape; pixels of 255 do not count.

    Returns:
        float: Mean IoU with the background, in per cent; NaN if no pixel counts.
    """
    known = truth != IGNORED
    mask, truth = mask[known], truth[known]
    labels = [label for label in np.union1d(mask, truth) if label != IGNORED]
    both = [np.count_nonzero((mask == label) & (truth == label)) for label in labels]
    either = [np.count_nonzero((mask == label) | (truth == label)) for label in labels]
    return float(100 * np.mean(np.divide(both, either))) if labels else float('nan')


def image_ious(
    dataset: BaseDataset, masks: Mapping[str, Callable[[str], np.ndarray]]
) -> dict[str, np.ndarray]:
    """Compute the IoU of every image for each method.

    Args:
        dataset (BaseDataset): Images with true masks.
        masks (Mapping[str, Callable]): For each method, what gives an image's mask by its id.

    Returns:
        dict[str, np.ndarray]: For each method the IoU of each image, shape (N,), in per cent.

    Raises:
        ValueError: If an image has no true mask.
    """
    ious: dict[str, list[float]] = {name: [] for name in masks}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if 'seg_map_path' not in info:
            raise ValueError(
                f'{info["img_id"]}: IoU needs true masks: give the test set its seg_map_path'
            )
        truth = LoadSegMap()(LoadImage()(info))['gt_seg_map']
        for name, mask in masks.items():
            ious[name].append(image_iou(mask(info['img_id']), truth))
    return {name: np.array(values) for name, values in ious.items()}


def lowest(values: np.ndarray, count: int) -> Sequence[int]:
    """List the indices of the lowest values, ascending by value; NaN is left out.

    Args:
        values (np.ndarray): Shape (N,).
        count (int): Number of indices.

    Returns:
        Sequence[int]: At most ``count`` indices.
    """
    order = np.argsort(values, kind='stable')
    return order[np.isfinite(values[order])][:count].tolist()
