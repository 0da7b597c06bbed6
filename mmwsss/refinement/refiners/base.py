"""What refiners take and give, and the refiners that leave the scores alone."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import torch

from mmwsss.ops.resizing import highest_scores, resized_strips
from mmwsss.registry import REFINERS
from mmwsss.structures import IGNORED


@dataclass(frozen=True)
class ConfidenceThresholds:
    """How confident the label of a pixel must be; below that the pixel is ignored (255).

    Attributes:
        foreground (float): Lowest confidence of a pixel labelled with a class, in [0, 1].
            Defaults to 0, which ignores none.
        background (float): Lowest confidence of a pixel labelled as background, in [0, 1]. The
            higher it is, the fewer pixels of objects are learnt as background. Defaults to 0.

    Raises:
        ValueError: If a threshold lies outside [0, 1].
    """

    foreground: float = 0.0
    background: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise ValueError(f'ignore_below: {name} must lie in [0, 1], not {value}')

    @classmethod
    def parse(cls, setting: float | Mapping[str, float]) -> 'ConfidenceThresholds':
        """Read the setting ``ignore_below`` of a config.

        Args:
            setting (float | Mapping[str, float]): One threshold for all pixels, or those of
                'foreground' and 'background'; one that is left out is 0.

        Returns:
            ConfidenceThresholds: The thresholds.

        Raises:
            ValueError: If a key is unknown or a threshold lies outside [0, 1].
        """
        if not isinstance(setting, Mapping):
            return cls(setting, setting)
        unknown = sorted(setting.keys() - {'foreground', 'background'})
        if unknown:
            raise ValueError(f'ignore_below: {unknown[0]!r} is neither foreground nor background')
        return cls(**setting)


@dataclass(frozen=True, eq=False)
class ScoredImage:
    """An image with a score map for the background and for each class present in it.

    Attributes:
        image (np.ndarray): The image in RGB, shape (H, W, 3), uint8.
        scores (np.ndarray): Score maps, the background's first, shape (1 + K, h, w) at any
            resolution, float32, not negative.
        classes (np.ndarray): Ascending indices of the K present classes, shape (K,), int64.
        img_id (str): The image's path relative to the image root, without suffix.
        extent (tuple[int, int], optional): Height and width, in pixels of the image, of the area
            that the score maps cover: more than the image where their last cells reach beyond its
            border. Defaults to None, the image itself.
        confidence_source (ScoredImage, optional): The same image with the scores from which
            :meth:`confidence` is computed. Defaults to None, its own scores.
        notes (Mapping[str, str]): Texts for the file of the image's label, such as what the scores
            were made from. Defaults to none.
        label_size (tuple[int, int], optional): Height and width of label and confidence, those of a
            photo of which ``image`` is a smaller copy. Defaults to None, the image's.

    Raises:
        ValueError: If the number of score maps is not 1 + K.
    """

    image: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    img_id: str
    extent: tuple[int, int] | None = None
    confidence_source: 'ScoredImage | None' = None
    notes: Mapping[str, str] = field(default_factory=dict)
    label_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.scores.ndim != 3 or len(self.scores) != 1 + len(self.classes):
            raise ValueError(
                f'{self.img_id}: scores {self.scores.shape} of {len(self.classes)} classes; '
                'expected a background and a map for each class'
            )

    def resized_scores(self) -> np.ndarray:
        """Resize the score maps bilinearly to the image.

        Returns:
            np.ndarray: Shape (1 + K, H, W), float32.
        """
        height, width = self.image.shape[:2]
        covered = self.extent or (height, width)
        if self.scores.shape[1:] == covered:
            return self.scores[:, :height, :width]
        maps = [cv2.resize(score, covered[::-1]) for score in self.scores]
        return np.stack(maps)[:, :height, :width]

    def with_scores(
        self, scores: np.ndarray, extent: tuple[int, int] | None = None
    ) -> 'ScoredImage':
        """Return the same image with other scores.

        Args:
            scores (np.ndarray): New score maps, see the attribute.
            extent (tuple[int, int], optional): The area that they cover, see the attribute.
                Defaults to None, the image itself.

        Returns:
            ScoredImage: A copy; this image keeps its scores.
        """
        return replace(self, scores=scores, extent=extent)

    def labels(self, thresholds: ConfidenceThresholds | None = None) -> np.ndarray:
        """Label every pixel with the class, or background, of its highest score.

        Args:
            thresholds (ConfidenceThresholds, optional): Pixels of lower confidence are ignored.
                Defaults to None: none is.

        Returns:
            np.ndarray: Label map of ``label_size``, shape (H, W), uint8: 0 background, i + 1 class
            i, 255 ignored.

        Raises:
            ValueError: If a class index is above 253, which a label map cannot hold.
        """
        names = np.concatenate([[0], self.classes + 1])
        if names.max() >= IGNORED:
            raise ValueError(f'{self.img_id}: class {names.max() - 1} does not fit a label map')
        scores = torch.from_numpy(np.ascontiguousarray(self.resized_scores()))
        labels = names.astype(np.uint8)[highest_scores(scores, self._label_size()).numpy()]
        return labels if thresholds is None else self.without_unsure(labels, thresholds)

    def without_unsure(self, labels: np.ndarray, thresholds: ConfidenceThresholds) -> np.ndarray:
        """Ignore the pixels of too low confidence.

        Args:
            labels (np.ndarray): What :meth:`labels` returns, uint8 (H, W).
            thresholds (ConfidenceThresholds): Pixels of lower confidence are ignored.

        Returns:
            np.ndarray: The labels with these at 255; the same array where none is asked for.
        """
        if thresholds == ConfidenceThresholds():
            return labels
        needed = np.where(labels == 0, thresholds.background, thresholds.foreground)
        return np.where(self.confidence() < needed, np.uint8(IGNORED), labels)

    def confidence(self) -> np.ndarray:
        """Compute the share of the highest score in the sum of all scores of a pixel.

        Returns:
            np.ndarray: Shape (H, W) of ``label_size``, in [0, 1]; 0 where all scores are 0.
        """
        strips = []
        source = torch.from_numpy((self.confidence_source or self).resized_scores().copy())
        for scores in resized_strips(source, self._label_size()):
            total = scores.sum(0)
            strips.append(scores.amax(0) / torch.where(total > 0, total, 1))
        return torch.cat(strips).numpy()

    def _label_size(self) -> tuple[int, int]:
        return self.label_size or (self.image.shape[0], self.image.shape[1])


class Refiner(ABC):
    """Base class of all refiners, which improve the score maps of images.

    A subclass implements :meth:`refine`.

    Attributes:
        on_device (bool): Whether it runs a model or works on an accelerator. Such refiners run in
            the main process; others run in a pool of processes and must be picklable.
        needs_model (bool): Whether it needs a model of affinities, which it is given by
            ``attach(model)``.
    """

    on_device = False
    needs_model = False

    @abstractmethod
    def refine(self, scored: ScoredImage) -> ScoredImage:
        """Refine the scores of one image.

        Args:
            scored (ScoredImage): The image with its scores.

        Returns:
            ScoredImage: The same image, classes and id with other scores.
        """

    def refine_batch(self, batch: Sequence[ScoredImage]) -> list[ScoredImage]:
        """Refine several images; a subclass may override it with something faster.

        Args:
            batch (Sequence[ScoredImage]): Images of any sizes.

        Returns:
            list[ScoredImage]: Each image refined, in the same order.
        """
        return [self.refine(scored) for scored in batch]

    def steps(self) -> list['Refiner']:
        """List the refiners that run one after another.

        Returns:
            list[Refiner]: The refiner itself; a sequence returns those that it is made of.
        """
        return [self]


@REFINERS.register_module()
class IdentityRefiner(Refiner):
    """Leaves the scores as they are: labels come straight from the response maps."""

    def refine(self, scored: ScoredImage) -> ScoredImage:
        """Return the image unchanged.

        Args:
            scored (ScoredImage): The image with its scores.

        Returns:
            ScoredImage: The same object.
        """
        return scored


@REFINERS.register_module()
class KeepConfidence(Refiner):
    """Keeps the confidence that the scores have at this step; later refiners change labels only.

    A dense CRF pushes nearly every score to 0 or 1, also where it is wrong. Placed between a random
    walk and a CRF, this keeps the walk's confidence for ``ignore_below`` and ``weight_dir``.
    """

    def refine(self, scored: ScoredImage) -> ScoredImage:
        """Mark the present scores as those that confidence is computed from.

        Args:
            scored (ScoredImage): The image with its scores.

        Returns:
            ScoredImage: The image with the same scores.
        """
        return replace(scored, confidence_source=replace(scored, confidence_source=None))
