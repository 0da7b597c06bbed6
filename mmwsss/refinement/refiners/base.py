"""What refiners take and give, and the refiner that does nothing."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from mmwsss.registry import REFINERS
from mmwsss.structures import IGNORED


@dataclass(frozen=True)
class LeastConfidence:
    """How sure a label must be; a pixel below becomes 255.

    Attributes:
        foreground: of a class, in [0, 1].
        background: of the background. The higher, the less of an object is learnt as background.
    """

    foreground: float = 0.0
    background: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise ValueError(f'ignore_below: {name} must lie in [0, 1], not {value}')

    @classmethod
    def parse(cls, setting: float | Mapping[str, float]) -> 'LeastConfidence':
        """Read ``ignore_below``: one value for both, or a dict.

        Raises:
            ValueError: an unknown key, or a value outside [0, 1].
        """
        if not isinstance(setting, Mapping):
            return cls(setting, setting)
        unknown = sorted(setting.keys() - {'foreground', 'background'})
        if unknown:
            raise ValueError(f'ignore_below: {unknown[0]!r} is neither foreground nor background')
        return cls(**setting)


@dataclass(frozen=True, eq=False)
class ScoredImage:
    """An image and the scores of the background and of its present classes.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        scores: (1 + K, h, w) float32, non-negative, background first, at any resolution.
        classes: (K,) int64, ascending indices of the present classes.
        img_id: the image's path below the image root, without suffix.
        extent: (height, width) in pixels of the image that the score maps cover, where a grid
            of whole cells ends beyond the border; None: the image itself.
        notes (Mapping[str, str]): Texts for the file of the image's label, such as what the scores
            were made from. Defaults to none.
        judged: the image with the scores that :meth:`confidence` goes by; None: its own.
    """

    image: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    img_id: str
    extent: tuple[int, int] | None = None
    judged: 'ScoredImage | None' = None
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.scores.ndim != 3 or len(self.scores) != 1 + len(self.classes):
            raise ValueError(
                f'{self.img_id}: scores {self.scores.shape} of {len(self.classes)} classes; '
                'expected a background and a map for each class'
            )

    def resized_scores(self) -> np.ndarray:
        """Scores at the size of the image, bilinear, float32 (1 + K, H, W)."""
        height, width = self.image.shape[:2]
        covered = self.extent or (height, width)
        if self.scores.shape[1:] == covered:
            return self.scores[:, :height, :width]
        maps = [cv2.resize(score, covered[::-1]) for score in self.scores]
        return np.stack(maps)[:, :height, :width]

    def with_scores(
        self, scores: np.ndarray, extent: tuple[int, int] | None = None
    ) -> 'ScoredImage':
        """Return the same image with other scores."""
        return replace(self, scores=scores, extent=extent)

    def labels(self, least: LeastConfidence | None = None) -> np.ndarray:
        """Label map, uint8 (H, W): 0 background, i + 1 class i.

        Args:
            least: pixels of a lower :meth:`confidence` become 255; None: none does.
        """
        names = np.concatenate([[0], self.classes + 1])
        if names.max() >= IGNORED:
            raise ValueError(f'{self.img_id}: class {names.max() - 1} does not fit a label map')
        labels = names.astype(np.uint8)[self.resized_scores().argmax(0)]
        if least is not None:
            needed = np.where(labels == 0, least.background, least.foreground)
            labels[self.confidence() < needed] = IGNORED
        return labels

    def confidence(self) -> np.ndarray:
        """Share of the highest score in the sum of all, (H, W) in [0, 1]; 0 where all are 0."""
        scores = (self.judged or self).resized_scores()
        total = scores.sum(0)
        return scores.max(0) / np.where(total > 0, total, 1)


class Refiner(ABC):
    """Turns the scores of an image into better ones. A subclass defines :meth:`refine`.

    Attributes:
        on_device: whether it holds a model or works on an accelerator, so that it runs in the
            main process; others run in a pool of processes, for which they must be picklable.
        needs_model: whether it needs a model of affinities, given by its ``attach(model)``.
    """

    on_device = False
    needs_model = False

    @abstractmethod
    def refine(self, image: ScoredImage) -> ScoredImage:
        """Refine one image's scores; image, classes and id stay what they are."""

    def refine_batch(self, images: Sequence[ScoredImage]) -> list[ScoredImage]:
        """Refine several images; override where that is faster than one by one."""
        return [self.refine(image) for image in images]

    def steps(self) -> list['Refiner']:
        """The refiners that this one runs one after another: itself, unless it is a sequence."""
        return [self]


@REFINERS.register_module()
class IdentityRefiner(Refiner):
    """Leaves the scores as they are: labels straight from the response maps."""

    def refine(self, image: ScoredImage) -> ScoredImage:
        """Return the image itself."""
        return image


@REFINERS.register_module()
class KeepConfidence(Refiner):
    """Keeps the confidence as it is at this place; later refiners change labels only.

    A dense CRF sharpens nearly every score to 0 or 1, also where it is wrong. Put between random
    walk and CRF, this leaves the walk's confidence for ``ignore_below`` and ``weight_dir``.
    """

    def refine(self, image: ScoredImage) -> ScoredImage:
        """Return the image, judged by the scores that it has now."""
        return replace(image, judged=replace(image, judged=None))
