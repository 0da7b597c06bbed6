"""Response maps of images by a trained classifier."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmwsss.models.classifiers import CAMClassifier
from mmwsss.structures import CAMStore, DataError, ResponseMap

from .inferencer import ImageInferencer
from .results import CAMResult
from .sources import ImageSource


class CAMInferencer(ImageInferencer):
    """Predicts response maps of images by a classifier.

    ``inferencer(images, tags=…)`` gives maps of the classes that each image is known to show;
    ``tags`` is a list in the order of the images, or a dictionary by their names. Without tags, the
    classes that the classifier finds have maps. ``out_dir`` becomes a CAMStore.

    Args:
        model (str | os.PathLike | Config): Config, or work directory of a training.
        weights (str | os.PathLike, optional): Checkpoint; it must hold all weights. Defaults to
            None: the last one of the work directory.
        device (str, optional): Device. Defaults to None: an accelerator if there is one.
        show_progress (bool): Whether to show a progress bar. Defaults to True.

    Raises:
        DataError: If the config is not that of a classifier with response maps.

    Examples:
        >>> from mmwsss.apis import CAMInferencer
        >>> explain = CAMInferencer('work_dirs/mixup-cam_efficientnet-lite0_demo')
        >>> result = explain('photo.jpg', tags=[['lion']])['predictions'][0]
        >>> result.maps['lion'].shape
    """

    preprocess_kwargs = {'tags'}

    def write(self, results: Sequence[CAMResult], folder: Path) -> None:
        """Write response maps into a CAMStore.

        Args:
            results (Sequence[CAMResult]): The results.
            folder (Path): A new or empty folder, or a store of the same classes.
        """
        store = CAMStore.create(folder, self.classes)
        for result in results:
            store.write(result.response)

    def draw(self, result: CAMResult) -> np.ndarray:
        """Draw the response maps over the image, beside each other.

        Args:
            result (CAMResult): The result.

        Returns:
            np.ndarray: RGB image, uint8 (H, K·W, 3); the image itself without maps.
        """
        return np.concatenate(list(result.draw().values()) or [result.source.rgb()], axis=1)

    def _foreground(self, names: Sequence[str]) -> tuple[str, ...]:
        if not isinstance(self.model, CAMClassifier):
            raise DataError(
                f'{type(self.model).__name__} gives no response maps; use SegInferencer for a '
                'segmentor'
            )
        return tuple(names)

    def _results(self, sources: Sequence[ImageSource], samples: Sequence) -> list[CAMResult]:
        results = []
        for source, sample in zip(sources, samples):
            response = ResponseMap(sample.cam, sample.cam_classes, sample.ori_shape, source.name)
            scores = sample.get('pred_score')
            results.append(
                CAMResult(
                    source, response, None if scores is None else scores.numpy(), self.classes
                )
            )
        return results
