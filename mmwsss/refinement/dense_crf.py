"""Dense CRF (Krähenbühl & Koltun 2011) on the pydensecrf library, over numpy arrays."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType, ModuleType
from typing import Literal

import cv2
import numpy as np

from mmwsss.process_pool import ImageError, ordered_map

Resolution = Literal['image', 'scores']

_INSTALL = (
    'the dense CRF needs pydensecrf: tools/setup_env.sh of the repository builds it, or pip '
    "install pydensecrf2 (on Python 3.13 and later: pip install 'cython>=3' setuptools wheel && "
    'CYTHON_FORCE_REGEN=1 pip install --no-build-isolation pydensecrf2)'
)


@dataclass(frozen=True)
class CRFParams:
    """Settings of the dense CRF. The defaults are those of PSA.

    Attributes:
        iterations: mean-field iterations; 0 returns the normalised input.
        gaussian_sxy: deviation of the smoothness kernel, in pixels of the image.
        gaussian_compat: its weight.
        bilateral_sxy: spatial deviation of the appearance kernel, in pixels of the image.
        bilateral_srgb: its colour deviation, in levels of 0..255.
        bilateral_compat: its weight.
        clip: probabilities are raised to this before the logarithm.
        gt_prob: None takes the scores as probabilities; a number takes the highest score as the
            pixel's label, right with this probability (IRN).
    """

    iterations: int = 10
    gaussian_sxy: float = 3
    gaussian_compat: float = 3
    bilateral_sxy: float = 80
    bilateral_srgb: float = 13
    bilateral_compat: float = 10
    clip: float = 1e-5
    gt_prob: float | None = None

    def __post_init__(self):
        if self.iterations < 0:
            raise ValueError(f'iterations must not be negative, not {self.iterations}')
        for name in ('gaussian_sxy', 'bilateral_sxy', 'bilateral_srgb'):
            if not getattr(self, name) > 0:
                raise ValueError(f'{name} must be positive, not {getattr(self, name)}')
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
"""Published settings: PSA's for response maps and affinity labels, DeepLab-v2's, IRN's."""


def dense_crf(
    image: np.ndarray,
    scores: np.ndarray,
    params: CRFParams = CRF_SETTINGS['cam'],
    resolution: Resolution = 'image',
) -> np.ndarray:
    """Refine class scores by mean-field inference in a fully connected CRF over the pixels.

    Args:
        image: (H, W, 3) uint8, RGB.
        scores: (K, h, w), non-negative, a probability per class after normalisation: background
            and the present classes only, since the time grows with K.
        params: settings, in pixels of the image.
        resolution: 'image' resizes the scores (bilinear) and works at (H, W); 'scores' resizes
            the image and works at (h, w), spatial deviations scaled with it: faster, coarser.

    Returns:
        (K, H, W) or (K, h, w) float32, summing to 1 over the classes.

    Raises:
        ValueError: wrong shapes or dtype, a negative or non-finite score.
        ImportError: pydensecrf is missing; the message holds the command that installs it.
    """
    return dense_crf_sets(image, [scores], params, resolution)[0]


def dense_crf_sets(
    image: np.ndarray,
    sets: Sequence[np.ndarray],
    params: CRFParams = CRF_SETTINGS['cam'],
    resolution: Resolution = 'image',
) -> list[np.ndarray]:
    """``dense_crf`` of several scores of one image, whose kernels are built once.

    Args:
        image: see ``dense_crf``.
        sets: scores as ``dense_crf`` takes them, all of one shape.
        params: see there.
        resolution: see there.

    Returns:
        what ``dense_crf`` returns, for each.

    Raises:
        ValueError: as ``dense_crf`` does, or scores of several shapes.
        ImportError: as ``dense_crf`` does.
    """
    for scores in sets:
        _check(image, scores)
    shapes = {scores.shape for scores in sets}
    if len(shapes) != 1:
        raise ValueError(f'scores of one image must have one shape, not {sorted(shapes)}')
    if resolution not in ('image', 'scores'):
        raise ValueError(f"resolution must be 'image' or 'scores', not {resolution!r}")
    original = image.shape[:2]
    sets = [scores.astype(np.float32, copy=False) for scores in sets]
    if resolution == 'image':
        sets = [_resize_scores(scores, original) for scores in sets]
    else:
        image = _resize_image(image, sets[0].shape[1:])
    probabilities = [_unary_probabilities(scores, params) for scores in sets]
    if params.iterations == 0 or len(probabilities[0]) == 1:
        return probabilities
    height, width = image.shape[:2]
    scale = np.array([width / original[1], height / original[0]])
    return _infer(image, probabilities, params, scale)


def check_crf(params: CRFParams, resolution: Resolution = 'image') -> None:
    """Refine one pixel: what is wrong with every image shows now, not at the first one.

    Raises:
        ValueError: a wrong resolution.
        ImportError: pydensecrf is missing; the message holds the command that installs it.
    """
    dense_crf(np.zeros((1, 1, 3), np.uint8), np.ones((2, 1, 1)), params, resolution)


def _check(image: np.ndarray, scores: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f'image must be (H, W, 3) uint8, not {image.shape} {image.dtype}')
    if scores.ndim != 3 or 0 in scores.shape:
        raise ValueError(f'scores must be (K, h, w), not {scores.shape}')
    if not np.isfinite(scores).all() or scores.min() < 0:
        raise ValueError('scores must be finite and not negative: take the softmax of logits first')


def _resize_scores(scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if scores.shape[1:] == size:
        return scores
    return np.stack([cv2.resize(score, size[::-1]) for score in scores])


def _resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if image.shape[:2] == size:
        return image
    # Averaging keeps a thin structure's colour where the image shrinks.
    shrinks = size[0] < image.shape[0]
    return cv2.resize(
        image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )


def _unary_probabilities(scores: np.ndarray, params: CRFParams) -> np.ndarray:
    """Probabilities (K, H, W) float32 whose negative logarithm is the unary energy."""
    classes = len(scores)
    if params.gt_prob is not None and classes > 1:
        scores = np.where(
            scores.argmax(0) == np.arange(classes)[:, None, None],
            np.float32(params.gt_prob),
            np.float32((1 - params.gt_prob) / (classes - 1)),
        )
    scores = np.maximum(scores, np.float32(params.clip))
    return scores / scores.sum(0)


def _infer(
    image: np.ndarray, sets: Sequence[np.ndarray], params: CRFParams, scale: np.ndarray
) -> list[np.ndarray]:
    """Mean-field inference by the library; ``scale`` (x, y) multiplies spatial deviations."""
    library = _library()
    classes, height, width = sets[0].shape
    crf = library.DenseCRF2D(width, height, classes)
    crf.addPairwiseGaussian(
        sxy=tuple((params.gaussian_sxy * scale).tolist()), compat=params.gaussian_compat
    )
    crf.addPairwiseBilateral(
        sxy=tuple((params.bilateral_sxy * scale).tolist()),
        srgb=params.bilateral_srgb,
        # The library insists on a writable buffer; images read from files often are not.
        rgbim=np.require(image, requirements=['C', 'W']),
        compat=params.bilateral_compat,
    )
    refined = []
    for probabilities in sets:
        energy = np.ascontiguousarray(-np.log(probabilities).reshape(classes, -1), np.float32)
        crf.setUnaryEnergy(energy)
        result = np.array(crf.inference(params.iterations), dtype=np.float32)
        refined.append(result.reshape(classes, height, width))
    return refined


def _library() -> ModuleType:
    try:
        from pydensecrf import densecrf
    except ImportError as error:
        raise ImportError(_INSTALL) from error
    return densecrf


Loader = Callable[[str], tuple[np.ndarray, np.ndarray]]


def _load_and_refine(
    name: str, load: Loader, params: CRFParams, resolution: Resolution
) -> np.ndarray:
    image, scores = load(name)
    return dense_crf(image, scores, params, resolution)


def dense_crf_map(
    load: Loader,
    names: Iterable[str],
    params: CRFParams = CRF_SETTINGS['cam'],
    *,
    resolution: Resolution = 'image',
    workers: int = 0,
    on_error: Literal['raise', 'return'] = 'raise',
    progress: bool = True,
) -> Iterator[np.ndarray | ImageError]:
    """``dense_crf`` of many images in a pool of processes, in the order of ``names``.

    Args:
        load: picklable; takes a name, returns (image, scores). It runs in the worker, so that
            neither images nor score maps travel or pile up.
        names: what to refine.
        params: settings of the CRF.
        resolution: see ``dense_crf``.
        workers: processes; 0 works in this one.
        on_error: see ``ordered_map``.
        progress: show a progress bar.
    """
    _library()
    function = partial(_load_and_refine, load=load, params=params, resolution=resolution)
    return ordered_map(
        function,
        names,
        workers=workers,
        on_error=on_error,
        description='dense CRF',
        progress=progress,
    )
