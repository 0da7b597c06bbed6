"""Dense CRF (Krähenbühl & Koltun 2011) on the pydensecrf library, over numpy arrays."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import ModuleType
from typing import Literal

import cv2
import numpy as np

from mmwsss.process_pool import ordered_map
from mmwsss.worker_processes import ImageError

from .crf_settings import CRF_SETTINGS, CRFParams

Resolution = Literal['image', 'scores']

_INSTALL = (
    'the dense CRF needs pydensecrf: tools/setup_env.sh of the repository builds it, or pip '
    "install pydensecrf2 (on Python 3.13 and later: pip install 'cython>=3' setuptools wheel && "
    'CYTHON_FORCE_REGEN=1 pip install --no-build-isolation pydensecrf2)'
)


# The library counts in multiples of the deviations, in 16 bits: beyond these, it mixes up pixels or
# aborts the process.
_MAX_MULTIPLES = {'gaussian_sxy': 18_000, 'bilateral_sxy': 9_000}


def dense_crf(
    image: np.ndarray,
    scores: np.ndarray,
    params: CRFParams = CRF_SETTINGS['cam'],
    resolution: Resolution = 'image',
) -> np.ndarray:
    """Refine class scores by mean-field inference in a fully connected CRF over the pixels.

    Args:
        image (np.ndarray): RGB image, shape (H, W, 3), uint8.
        scores (np.ndarray): Score maps, shape (K, h, w), not negative; divided by their sum they
            are a pixel's class probabilities. Give the background and the present classes only,
            since the time grows with K.
        params (CRFParams): Settings; lengths are in pixels of the image. Defaults to PSA's.
        resolution (str): 'image' resizes the scores bilinearly and works at (H, W). 'scores'
            resizes the image and works at (h, w), with spatial deviations scaled alike, which is
            faster and coarser. Defaults to 'image'.

    Returns:
        np.ndarray: Probabilities that sum to 1 over the classes, shape (K, H, W) or (K, h, w),
        float32.

    Raises:
        ValueError: If shapes or dtype are wrong, a score is negative or not finite, or the image is
            too large for a deviation.
        ImportError: If pydensecrf is missing. The message says how to install it.
    """
    return dense_crf_sets(image, [scores], params, resolution)[0]


def dense_crf_sets(
    image: np.ndarray,
    sets: Sequence[np.ndarray],
    params: CRFParams = CRF_SETTINGS['cam'],
    resolution: Resolution = 'image',
) -> list[np.ndarray]:
    """Refine several sets of scores of one image by :func:`dense_crf`, building its kernels once.

    Args:
        image (np.ndarray): RGB image, shape (H, W, 3), uint8.
        sets (Sequence[np.ndarray]): Sets of score maps, shape (K, h, w) each.
        params (CRFParams): See :func:`dense_crf`.
        resolution (str): See :func:`dense_crf`.

    Returns:
        list[np.ndarray]: The refined scores of each set, see :func:`dense_crf`.

    Raises:
        ValueError: If the sets have several shapes, or one of them is refused by
            :func:`dense_crf`.
        ImportError: If pydensecrf is missing. The message says how to install it.
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
    """Check that a CRF can run, by refining one pixel, before images are read.

    Args:
        params (CRFParams): The settings.
        resolution (str): See :func:`dense_crf`. Defaults to 'image'.

    Raises:
        ValueError: If the resolution is unknown.
        ImportError: If pydensecrf is missing. The message says how to install it.
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
    """Compute the probabilities whose negative logarithm is the unary energy, (K, H, W) float32."""
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
    """Run the library's mean-field inference; ``scale`` (x, y) multiplies spatial deviations."""
    library = _library()
    classes, height, width = sets[0].shape
    _check_extent(max(width / scale[0], height / scale[1]), params)
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


def _check_extent(side: float, params: CRFParams) -> None:
    """Refuse an image whose longer side has too many deviations for the library's 16 bits."""
    for name, multiples in _MAX_MULTIPLES.items():
        if side > multiples * getattr(params, name):
            raise ValueError(
                f'an image of {side:.0f} pixels is too large for {name}={getattr(params, name)}; '
                f'set at least {side / multiples:.2g}, or make the image smaller'
            )


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
    """Refine many images by :func:`dense_crf` in a pool of processes.

    Args:
        load (Callable[[str], tuple[np.ndarray, np.ndarray]]): Takes a name and returns image and
            scores. It must be picklable: it runs in the worker processes, so that neither images
            nor score maps are sent between processes or pile up.
        names (Iterable[str]): Names of the images.
        params (CRFParams): Settings of the CRF. Defaults to PSA's.
        resolution (str): See :func:`dense_crf`. Defaults to 'image'.
        workers (int): Number of worker processes; 0 works in this process. Defaults to 0.
        on_error (str): 'raise' or 'return', see ``ordered_map``. Defaults to 'raise'.
        progress (bool): Whether to show a progress bar. Defaults to True.

    Returns:
        Iterator[np.ndarray | ImageError]: The refined scores in the order of ``names``; the error
        in place of those of an image that failed, with ``on_error='return'``.

    Raises:
        ImportError: If pydensecrf is missing. The message says how to install it.
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
