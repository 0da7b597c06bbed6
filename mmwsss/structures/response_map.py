"""Response maps (CAM) of one image, and how a label map is made of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

# What anything is resized to: about three times the largest image that Pillow opens unasked.
MAX_PIXELS = 1 << 28


def resize_scores(scores: Tensor, shape: tuple[int, int]) -> Tensor:
    """Resize response maps bilinearly, with pixel centres and not corners aligned.

    Args:
        scores (Tensor): Maps, shape (K, h, w), floating point.
        shape (tuple[int, int]): Height and width of the result.

    Returns:
        Tensor: Maps, shape (K, H, W), on the same device.
    """
    if scores.shape[0] == 0:
        return scores.new_zeros((0, *shape))
    if tuple(scores.shape[1:]) == tuple(shape):
        return scores
    return F.interpolate(scores[None], size=shape, mode='bilinear', align_corners=False)[0]


def strongest(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Find the highest of K response maps at every pixel.

    Args:
        scores (Tensor): Maps, shape (K, H, W), floating point.

    Returns:
        tuple[Tensor, Tensor]: The maximum, floating point, and its index along K, int64, shape
        (H, W) each; the lowest index on a tie, and zeros where K is 0.
    """
    if scores.shape[0] == 0:
        zeros = scores.new_zeros(scores.shape[1:])
        return zeros, zeros.long()
    if scores.shape[0] == 1:
        return scores[0], torch.zeros_like(scores[0], dtype=torch.long)
    return scores.max(dim=0)


@dataclass(frozen=True, eq=False)
class ResponseMap:
    """Response maps of the classes present in one image.

    Attributes:
        scores (Tensor): Maps at the network's resolution, shape (K, h, w), float32, in [0, 1].
        classes (Tensor): Ascending indices of the K foreground classes, shape (K,), int64.
        ori_shape (tuple[int, int]): Height and width of the original image.
        img_id (str): The image's path relative to the image root, without suffix.

    Raises:
        ValueError: If a field breaks these conventions. The message names ``img_id``.
    """

    scores: Tensor
    classes: Tensor
    ori_shape: tuple[int, int]
    img_id: str

    def __post_init__(self) -> None:
        object.__setattr__(self, 'scores', torch.as_tensor(self.scores).detach().float())
        object.__setattr__(self, 'classes', torch.as_tensor(self.classes).long())
        object.__setattr__(self, 'ori_shape', tuple(int(side) for side in self.ori_shape))
        problem = self._problem()
        if problem:
            raise ValueError(f'response maps of {self.img_id!r}: {problem}')

    def _problem(self) -> str | None:
        """Describe what is wrong with the fields; None if nothing is."""
        scores, classes = self.scores, self.classes
        if scores.ndim != 3:
            return f'scores have shape {tuple(scores.shape)}, expected (K, h, w)'
        if tuple(classes.shape) != (scores.shape[0],):
            return f'{scores.shape[0]} maps but classes of shape {tuple(classes.shape)}'
        if len(self.ori_shape) != 2 or min(self.ori_shape) < 1:
            return f'ori_shape is {self.ori_shape}, expected (height, width)'
        if math.prod(self.ori_shape) > MAX_PIXELS:
            return f'ori_shape is {self.ori_shape}, more than {MAX_PIXELS} pixels'
        if len(classes) == 0:
            return None
        if min(scores.shape) < 1:
            return f'empty maps of shape {tuple(scores.shape)}'
        if classes[0] < 0 or bool((classes[1:] <= classes[:-1]).any()):
            return f'classes {classes.tolist()} are not ascending indices'
        low, high = (value.item() for value in scores.aminmax())
        if not (low >= 0 and high <= 1):
            return (
                f'scores span [{low:.4g}, {high:.4g}], expected [0, 1] '
                '(NaN: training diverged; otherwise normalise the maps)'
            )
        return None

    @classmethod
    def from_sample(cls, sample: Any) -> 'ResponseMap':
        """Take the response maps out of a model's prediction.

        Args:
            sample (Any): Data sample, or its ``to_dict()``, with ``cam``, ``cam_classes``,
                ``ori_shape`` and ``img_id``.

        Returns:
            ResponseMap: The response maps.

        Raises:
            ValueError: If one of these is missing or impossible.
        """
        fields: Mapping[str, Any] = sample if isinstance(sample, Mapping) else sample.to_dict()
        name = fields.get('img_id', fields.get('img_path', '?'))
        missing = [
            key for key in ('cam', 'cam_classes', 'ori_shape', 'img_id') if key not in fields
        ]
        if missing:
            raise ValueError(
                f'prediction of {name!r} lacks {", ".join(missing)}: the model must give response '
                'maps (CAMClassifier) and PackInputs must keep img_id and ori_shape'
            )
        return cls(fields['cam'], fields['cam_classes'], fields['ori_shape'], fields['img_id'])

    def resized(self, shape: tuple[int, int] | None = None) -> Tensor:
        """Resize the maps.

        Args:
            shape (tuple[int, int], optional): Height and width. Defaults to None: the original size
                of the image.

        Returns:
            Tensor: Shape (K, H, W), float32.
        """
        return resize_scores(self.scores, shape or self.ori_shape)

    def seed(self, threshold: float) -> Tensor:
        """Label every pixel with the class of its highest score, or as background.

        Args:
            threshold (float): A pixel is background where its highest score does not exceed it.

        Returns:
            Tensor: Label map of the original size, shape (H, W), uint8: 0 background, i + 1 class
            i.

        Raises:
            ValueError: If a class index is above 253, which a label map cannot hold.
        """
        if len(self.classes) and int(self.classes[-1]) > 253:
            raise ValueError(f'response maps of {self.img_id!r}: a mask holds 254 classes at most')
        score, index = strongest(self.resized())
        if len(self.classes) == 0:
            return torch.zeros_like(index, dtype=torch.uint8)
        label = (self.classes + 1).to(torch.uint8)[index]
        return label * (score > torch.tensor(threshold, dtype=score.dtype, device=score.device))
