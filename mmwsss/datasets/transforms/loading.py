"""Loading of pictures and index masks, with errors that name the file."""

import numpy as np
from mmcv.transforms import BaseTransform, LoadImageFromFile

from mmwsss.datasets.labels import DataError, check_mask_values, read_mask
from mmwsss.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """Load a picture as BGR uint8, shape (H, W, 3); an unreadable one is an error naming it.

    A fault must stop training: mmengine silently draws another sample when a transform returns
    ``None``.
    """

    def transform(self, results: dict) -> dict:
        """Add ``img``, ``img_shape`` and ``ori_shape``."""
        try:
            return super().transform(results)
        except Exception as error:
            raise DataError(
                f'{results["img_path"]}: unreadable picture ({error}); replace it or remove it '
                'from the split'
            ) from error


@TRANSFORMS.register_module()
class LoadSegMap(BaseTransform):
    """Load an index mask as ``gt_seg_map``, uint8, shape (H, W) of the picture.

    A mask of another size, or with a value that is no class, is an error naming it.
    """

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map``."""
        path = results['seg_map_path']
        mask = read_mask(path)
        if mask.shape != tuple(results['ori_shape']):
            raise DataError(
                f'{path}: the mask is {mask.shape[1]}x{mask.shape[0]}, the picture '
                f'{results["ori_shape"][1]}x{results["ori_shape"][0]}; save both alike'
            )
        check_mask_values(mask, results['num_classes'], path)
        results['gt_seg_map'] = np.ascontiguousarray(mask)
        return results
