"""Response maps (CAM) of one image, and the one way to make a label map of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def resize_scores(scores: Tensor, shape: tuple[int, int]) -> Tensor:
    """Resize response maps bilinearly (pixel centres aligned, not corners).

    Args:
        scores: float maps (K, h, w).
        shape: (H, W) of the result.

    Returns:
        float maps (K, H, W) on the same device.
    """
    if scores.shape[0] == 0:
        return scores.new_zeros((0, *shape))
    if tuple(scores.shape[1:]) == tuple(shape):
        return scores
    return F.interpolate(scores[None], size=shape, mode='bilinear', align_corners=False)[0]


def strongest(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return per pixel the highest of K response maps and its index.

    Args:
        scores: float maps (K, H, W).

    Returns:
        the maximum (H, W), float, and its index along K (H, W), long, the lowest one on a tie;
        zeros where K is 0.
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
        scores: float32 (K, h, w) in [0, 1], at the network's resolution.
        classes: int64 (K,), ascending indices of foreground classes (no background).
        ori_shape: (H, W) of the original image.
        img_id: the image's path relative to the image root, without suffix.

    Raises:
        ValueError: naming ``img_id``, when a field breaks these conventions.
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
        """Say what is wrong with the fields, if anything is."""
        scores, classes = self.scores, self.classes
        if scores.ndim != 3:
            return f'scores have shape {tuple(scores.shape)}, expected (K, h, w)'
        if tuple(classes.shape) != (scores.shape[0],):
            return f'{scores.shape[0]} maps but classes of shape {tuple(classes.shape)}'
        if len(self.ori_shape) != 2 or min(self.ori_shape) < 1:
            return f'ori_shape is {self.ori_shape}, expected (height, width)'
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
            sample: data sample (or its ``to_dict()``) with ``cam``, ``cam_classes``,
                ``ori_shape`` and ``img_id``.
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

    def resized(self) -> Tensor:
        """Return the maps at the image's original size, float32 (K, H, W)."""
        return resize_scores(self.scores, self.ori_shape)

    def seed(self, threshold: float) -> Tensor:
        """Return the label map at original size, uint8 (H, W): 0 background, i + 1 class i.

        A pixel is background where its highest score is ``<= threshold``.
        """
        if len(self.classes) and int(self.classes[-1]) > 253:
            raise ValueError(f'response maps of {self.img_id!r}: a mask holds 254 classes at most')
        score, index = strongest(self.resized())
        if len(self.classes) == 0:
            return torch.zeros_like(index, dtype=torch.uint8)
        label = (self.classes + 1).to(torch.uint8)[index]
        return label * (score > torch.tensor(threshold, dtype=score.dtype, device=score.device))
