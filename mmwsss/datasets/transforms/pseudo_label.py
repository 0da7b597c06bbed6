"""Loading and packing of pseudo-labels for mmseg's transforms and segmentors."""

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets import PackSegInputs

from mmwsss.datasets.png import read_gray
from mmwsss.registry import TRANSFORMS
from mmwsss.structures import DataError

from .loading import LoadSegMap

META_KEYS = (
    'img_path', 'img_id', 'seg_map_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor',
    'flip', 'flip_direction', 'reduce_zero_label',
)  # fmt: skip


@TRANSFORMS.register_module()
class LoadPseudoLabel(LoadSegMap):
    """Load a label as ``gt_seg_map`` and, where the sample has them, its weights.

    Both are uint8 of shape (H, W) and entered in ``seg_fields``: mmseg's transforms resize, crop
    and flip them with the image. A file of another size than the image's, and a value that is
    no class, is an error that names the file.
    """

    def transform(self, results: dict) -> dict:
        """Load the label and, if the sample has them, its weights.

        Args:
            results (dict): The sample.

        Returns:
            dict: The sample with ``gt_seg_map`` and perhaps ``gt_weight_map``, unless it comes
            from no dataset.

        Raises:
            DataError: If a file cannot be read or does not belong to the image.
        """
        results = super().transform(results)
        if 'gt_seg_map' not in results:
            return results
        fields = results.setdefault('seg_fields', [])
        fields.append('gt_seg_map')
        if 'weight_path' in results:
            results['gt_weight_map'] = _read_weights(results['weight_path'], results['ori_shape'])
            fields.append('gt_weight_map')
        return results


def _read_weights(path: str, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    remedy = f'save 8-bit gray (L) of {width}x{height}, the size of the image'
    weights = read_gray(path, 'weights', ('L',), remedy)
    if weights.shape != size:
        raise DataError(f'{path}: weights of {weights.shape[1]}x{weights.shape[0]}; {remedy}')
    return weights


@TRANSFORMS.register_module()
class PackPseudoLabel(PackSegInputs):
    """mmseg's ``PackSegInputs``, with the image's id and the weights of the label's pixels.

    The weights are ``gt_weight_map`` of the ``SegDataSample``, float32 (1, H, W) in [0, 1].

    Args:
        meta_keys (tuple[str, ...]): Keys of the sample that are kept as metainfo.
    """

    def __init__(self, meta_keys: tuple[str, ...] = META_KEYS) -> None:
        super().__init__(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack the sample.

        Args:
            results (dict): The sample.

        Returns:
            dict: ``inputs`` and ``data_samples``.
        """
        packed = super().transform(results)
        weights = results.get('gt_weight_map')
        if weights is not None:
            data = torch.from_numpy(weights[None].astype(np.float32) / 255)
            packed['data_samples'].gt_weight_map = PixelData(data=data)
        return packed
