"""Hook that draws the response maps of a test run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image

from mmwsss.datasets.transforms import read_rgb
from mmwsss.registry import HOOKS
from mmwsss.structures import ResponseMap, atomic_open, img_id_path
from mmwsss.visualization import color_labels, image_grid, label_legend, overlay_scores


@HOOKS.register_module()
class CAMVisualizationHook(Hook):
    """Draw photo, heat map of every present class, seed and, if there is one, truth side by side.

    Args:
        out_dir (str): Folder for one JPEG per image, ``<out_dir>/<img_id>.jpg``.
        max_images (int): Number of images to draw, the first of the dataset, by all processes
            together. Defaults to 50.
        threshold (float): Score in [0, 1]; a pixel of the seed is background where no class has a
            higher one. Defaults to 0.2.
        alpha (float): Weight of the heat map over the photo, in [0, 1]. Defaults to 0.5.
        colormap (str): Name of a matplotlib colormap. Defaults to 'jet'.
        tile_width (int): Width of one drawn image in pixels. Defaults to 320.
    """

    def __init__(
        self,
        out_dir: str,
        max_images: int = 50,
        threshold: float = 0.2,
        alpha: float = 0.5,
        colormap: str = 'jet',
        tile_width: int = 320,
    ) -> None:
        self.out_dir = out_dir
        self.max_images = max_images
        self.threshold = threshold
        self.alpha = alpha
        self.colormap = colormap
        self.tile_width = tile_width
        self.seen = 0

    def before_test(self, runner: Runner) -> None:
        """Start to count the images anew.

        Args:
            runner (Runner): Runner of the run.
        """
        self.seen = 0

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Draw the batch's images that are among the first ``max_images``.

        Args:
            runner (Runner): Runner of the run.
            batch_idx (int): Index of the batch in the epoch.
            data_batch (Any): Not used.
            outputs (Sequence[Any], optional): Predictions of the images of the batch.
        """
        rank, world_size = get_dist_info()
        metainfo = runner.test_dataloader.dataset.metainfo
        for sample in outputs or ():
            # mmengine's sampler deals the images out to the processes one by one.
            position = self.seen * world_size + rank
            self.seen += 1
            if position < self.max_images:
                self._write(sample, metainfo)

    def _write(self, sample: Any, metainfo: dict) -> None:
        response = ResponseMap.from_sample(sample)
        path = img_id_path(self.out_dir, response.img_id, '.jpg')
        image = read_rgb(sample.img_path, metainfo.get('image_bits'))
        truth = sample.get('gt_seg_map')
        panel = self.draw(image, response, truth, metainfo)
        with atomic_open(path) as file:
            Image.fromarray(panel).save(file, 'JPEG', quality=92, subsampling=0)

    def draw(
        self,
        image: np.ndarray,
        response: ResponseMap,
        truth: torch.Tensor | np.ndarray | None,
        metainfo: dict,
    ) -> np.ndarray:
        """Draw the panel of one image.

        Args:
            image (np.ndarray): RGB image, uint8 (H, W, 3).
            response (ResponseMap): Response maps of the image.
            truth (torch.Tensor | np.ndarray, optional): True mask, uint8 (H, W); None where there
                is none.
            metainfo (dict): Metainfo of the dataset, with ``classes`` and perhaps ``palette``.

        Returns:
            np.ndarray: RGB image of the panel, uint8 (H, W, 3).
        """
        names, palette = metainfo['classes'], metainfo.get('palette')
        heat_maps = {
            f'CAM: {names[label]}': overlay_scores(image, scores, self.alpha, self.colormap)
            for label, scores in zip(response.classes.tolist(), response.resized().cpu().numpy())
        }
        masks = {f'seed, score > {self.threshold:g}': response.seed(self.threshold).cpu().numpy()}
        if truth is not None:
            masks['truth'] = torch.as_tensor(truth).cpu().numpy()
        tiles = {'photo': image} | heat_maps
        tiles |= {name: color_labels(mask, palette) for name, mask in masks.items()}
        return image_grid(
            [list(tiles.values())],
            list(tiles),
            title=response.img_id,
            legend=label_legend(names, np.stack(list(masks.values())), palette),
            tile_width=self.tile_width,
        )
