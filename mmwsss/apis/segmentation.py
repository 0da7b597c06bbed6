"""Masks of images by a trained segmentor."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import BaseSegmentor

from mmwsss.datasets.label_folder import LabelFolder
from mmwsss.ops.grouping import group_indices
from mmwsss.ops.resizing import highest_scores
from mmwsss.structures import DataError
from mmwsss.structures.response_map import resize_scores

from .inferencer import ImageInferencer
from .results import SegResult
from .sources import ImageSource


class SegInferencer(ImageInferencer):
    """Predicts masks of images by a segmentor.

    ``inferencer(images, tags=…)`` restricts each mask to background and the classes that the image
    is known to show; ``tags`` is a list in the order of the images, or a dictionary by their names.
    ``out_dir`` gets an indexed PNG for each image.

    Args:
        model (str | os.PathLike | Config): Config, or folder of ``mmwsss masks`` or of a training.
        weights (str | os.PathLike, optional): Checkpoint; it must hold all weights. Defaults to
            None: that of the folder.
        device (str, optional): Device. Defaults to None: an accelerator if there is one.
        show_progress (bool): Whether to show a progress bar. Defaults to True.

    Raises:
        DataError: If the config is not that of a segmentor.

    Examples:
        >>> from mmwsss.apis import SegInferencer
        >>> segment = SegInferencer('result')  # a folder of `mmwsss masks`
        >>> result = segment('photo.jpg')['predictions'][0]
        >>> result.mask.shape, result.shares
    """

    preprocess_kwargs = {'tags'}

    @torch.no_grad()
    def forward(self, inputs: dict, **kwargs: Any) -> list:
        """Predict a batch; images of one size are predicted together.

        Args:
            inputs (dict): ``inputs``, images (3, H, W), and ``data_samples``.
            **kwargs (Any): Not used.

        Returns:
            list: Data samples on the CPU.
        """
        samples: list = [None] * len(inputs['inputs'])
        for group in group_indices(image.shape for image in inputs['inputs']):
            data = {key: [values[i] for i in group] for key, values in inputs.items()}
            for i, sample in zip(group, super().forward(data)):
                samples[i] = sample
        return samples

    def write(self, results: Sequence[SegResult], folder: Path) -> None:
        """Write masks, ``<folder>/<name>.png``.

        Args:
            results (Sequence[SegResult]): The results.
            folder (Path): The folder.
        """
        labels = LabelFolder(folder, 'prediction', self.classes)
        for result in results:
            labels.write(result.name, result.mask)

    def draw(self, result: SegResult) -> np.ndarray:
        """Draw a mask over its image.

        Args:
            result (SegResult): The result.

        Returns:
            np.ndarray: RGB image, uint8 (H, W, 3).
        """
        return result.draw()

    def _foreground(self, names: Sequence[str]) -> tuple[str, ...]:
        if not isinstance(self.model, BaseSegmentor):
            raise DataError(
                f'{type(self.model).__name__} is no segmentor; use CAMInferencer for a classifier'
            )
        return tuple(names[1:])

    def _results(self, sources: Sequence[ImageSource], samples: Sequence) -> list[SegResult]:
        palette = self.model.dataset_meta.get('palette')
        colours = tuple(tuple(colour) for colour in palette[1:]) if palette else None
        results = []
        for source, sample in zip(sources, samples):
            logits = sample.seg_logits.data.float()
            size = tuple(sample.pred_sem_seg.data.shape[-2:])
            if source.tags is not None:
                allowed = sorted({0, *(1 + self.classes.index(name) for name in source.tags)})
                logits = logits[allowed]
                label = torch.tensor(allowed)[highest_scores(logits, size)]
                sample.pred_sem_seg = PixelData(data=label[None])
            mask = sample.pred_sem_seg.data[0].numpy().astype(np.uint8)
            probability = resize_scores(logits.softmax(0).amax(0, keepdim=True), size)[0]
            results.append(
                SegResult(source, mask, probability.half().numpy(), self.classes, colours)
            )
        return results
