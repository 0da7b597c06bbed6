"""Response maps as heat maps over the photo."""

import numpy as np


def color_scores(scores: np.ndarray, colormap: str = 'jet') -> np.ndarray:
    """Colour scores in [0, 1].

    Args:
        scores (np.ndarray): Scores, float (H, W).
        colormap (str): Name of a matplotlib colormap. Defaults to 'jet'.

    Returns:
        np.ndarray: RGB image, uint8 (H, W, 3).
    """
    import matplotlib

    table = matplotlib.colormaps[colormap](np.arange(256), bytes=True)[:, :3]
    return table[(np.clip(scores, 0, 1) * 255).round().astype(np.uint8)]


def overlay_scores(
    image: np.ndarray, scores: np.ndarray, alpha: float = 0.5, colormap: str = 'jet'
) -> np.ndarray:
    """Lay a heat map over a photo.

    Args:
        image (np.ndarray): RGB photo, uint8 (H, W, 3).
        scores (np.ndarray): Scores in [0, 1], float (H, W).
        alpha (float): Weight of the heat map, in [0, 1]. Defaults to 0.5.
        colormap (str): Name of a matplotlib colormap. Defaults to 'jet'.

    Returns:
        np.ndarray: RGB image, uint8 (H, W, 3).

    Raises:
        ValueError: If the sizes differ.
    """
    if image.shape != (*scores.shape, 3):
        raise ValueError(
            f'photo of shape {image.shape} under a heat map of {scores.shape}: expected (H, W, 3) '
            'and (H, W)'
        )
    blend = (1 - alpha) * image + alpha * color_scores(scores, colormap)
    return blend.round().astype(np.uint8)
