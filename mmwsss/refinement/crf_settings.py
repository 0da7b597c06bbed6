"""Settings of the dense CRF, the published ones among them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# The library counts in multiples of the deviations, in 16 bits: below, it mixes up pixels or aborts
# the process.
MIN_DEVIATION = 0.1


@dataclass(frozen=True)
class CRFParams:
    """Settings of the dense CRF. The defaults are those of PSA.

    Attributes:
        iterations (int): Number of mean-field iterations; 0 returns the normalised input. Defaults
            to 10.
        gaussian_sxy (float): Standard deviation of the smoothness kernel, in pixels of the image.
            Defaults to 3.
        gaussian_compat (float): Weight of the smoothness kernel. Defaults to 3.
        bilateral_sxy (float): Spatial standard deviation of the appearance kernel, in pixels of the
            image. Defaults to 80.
        bilateral_srgb (float): Colour standard deviation of the appearance kernel, in levels of
            [0, 255]. Defaults to 13.
        bilateral_compat (float): Weight of the appearance kernel. Defaults to 10.
        clip (float): Lowest probability; lower ones are raised to it before the logarithm.
            Defaults to 1e-5.
        gt_prob (float, optional): If given, only the class of the highest score counts, and it is
            taken to be right with this probability (IRN). Defaults to None: the scores themselves
            are taken as probabilities.

    Raises:
        ValueError: If a value is impossible.
    """

    iterations: int = 10
    gaussian_sxy: float = 3
    gaussian_compat: float = 3
    bilateral_sxy: float = 80
    bilateral_srgb: float = 13
    bilateral_compat: float = 10
    clip: float = 1e-5
    gt_prob: float | None = None

    def __post_init__(self) -> None:
        if not float(self.iterations).is_integer():
            raise ValueError(f'iterations must be a whole number, not {self.iterations}')
        if self.iterations < 0:
            raise ValueError(f'iterations must not be negative, not {self.iterations}')
        for name in ('gaussian_sxy', 'bilateral_sxy', 'bilateral_srgb'):
            if not MIN_DEVIATION <= getattr(self, name) < math.inf:
                raise ValueError(
                    f'{name} must be positive, at least {MIN_DEVIATION}, not {getattr(self, name)}'
                )
        for name in ('gaussian_compat', 'bilateral_compat'):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f'{name} must be finite, not {getattr(self, name)}')
        if not 0 < self.clip < 1:
            raise ValueError(f'clip must lie between 0 and 1, not {self.clip}')
        if self.gt_prob is not None and not 0 < self.gt_prob < 1:
            raise ValueError(f'gt_prob must lie between 0 and 1, not {self.gt_prob}')


CRF_SETTINGS: Mapping[str, CRFParams] = MappingProxyType(
    {
        'cam': CRFParams(),
        'affinity_label': CRFParams(),
        'segmentation': CRFParams(
            gaussian_sxy=1, bilateral_sxy=67, bilateral_srgb=3, bilateral_compat=4
        ),
        'irn': CRFParams(bilateral_sxy=50, bilateral_srgb=5, gt_prob=0.7),
    }
)
"""Published settings: 'cam' and 'affinity_label' are PSA's, 'segmentation' DeepLab-v2's."""
