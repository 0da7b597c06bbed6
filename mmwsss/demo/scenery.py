"""Sky, ground and plants: what surrounds the figures and sometimes hides them."""

from __future__ import annotations

import cv2
import numpy as np

from .canvas import fractal_noise
from .shapes import Colour, Layer, box, ellipse, limb, smooth

GROUNDS: tuple[tuple[Colour, Colour, float], ...] = (  # two colours and the strength of the relief
    ((0.30, 0.42, 0.16), (0.44, 0.52, 0.22), 0.20),  # grass
    ((0.58, 0.52, 0.28), (0.70, 0.62, 0.38), 0.20),  # dry grass
    ((0.74, 0.64, 0.46), (0.82, 0.73, 0.56), 0.10),  # sand
    ((0.42, 0.32, 0.24), (0.54, 0.42, 0.32), 0.18),  # soil
    ((0.40, 0.40, 0.41), (0.50, 0.50, 0.50), 0.16),  # gravel
    ((0.86, 0.88, 0.92), (0.94, 0.95, 0.97), 0.06),  # snow
)
SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((0.35, 0.55, 0.82), (0.72, 0.82, 0.92)),
    ((0.60, 0.66, 0.72), (0.80, 0.82, 0.84)),
    ((0.52, 0.58, 0.78), (0.95, 0.80, 0.66)),
)
LEAVES: tuple[Colour, ...] = ((0.18, 0.32, 0.12), (0.28, 0.40, 0.14), (0.42, 0.40, 0.16))


def backdrop(rng: np.random.RandomState, height: int, width: int, horizon: int) -> np.ndarray:
    """Paint sky, a row of hills or woods, and ground.

    Args:
        rng (np.random.RandomState): Source of the random values.
        height (int): Height of the image in pixels.
        width (int): Width of the image in pixels.
        horizon (int): Row at which the ground begins.

    Returns:
        np.ndarray: RGB image in [0, 1], float32 (h, w, 3).
    """
    image = np.empty((height, width, 3), np.float32)
    image[:] = _sky(rng, height, width, horizon)
    ground, hills = _ground(rng, height, width, horizon), _hills(rng, height, width, horizon)
    image[hills[0]] = hills[1][hills[0]]
    image[horizon:] = ground
    return image


def _mix(first: Colour, second: Colour, t: np.ndarray) -> np.ndarray:
    a, b = np.array(first, np.float32), np.array(second, np.float32)
    return a + (b - a) * np.clip(t, 0, 1).astype(np.float32)[..., None]


def _sky(rng: np.random.RandomState, height: int, width: int, horizon: int) -> np.ndarray:
    top, bottom = SKIES[rng.randint(len(SKIES))]
    fall = np.broadcast_to(
        np.linspace(0, height / max(horizon, 1), height)[:, None], (height, width)
    )
    clouds = fractal_noise(rng, height * 2, width, 4, 5)[::2]
    sky = _mix(top, bottom, fall)
    cover = np.clip((clouds - np.float32(rng.uniform(0.0, 1.6))) * np.float32(0.6), 0, 0.85)[
        ..., None
    ]
    return sky * (1 - cover) + np.array((0.93, 0.93, 0.94), np.float32) * cover


def _hills(
    rng: np.random.RandomState, height: int, width: int, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    wooded = rng.rand() < 0.5
    ridge = fractal_noise(rng, 2, width, 24 if wooded else 3, 4 if wooded else 3)[0]
    top = horizon - height * rng.uniform(0.03, 0.16) * (1 + (0.12 if wooded else 0.4) * ridge)
    inside = np.arange(height)[:, None] >= top[None]
    base = np.array(LEAVES[rng.randint(3)] if wooded else (0.42, 0.48, 0.54), np.float32)
    grain = fractal_noise(rng, height, width, 40, 3)[..., None]
    return inside, base * (1 + (0.35 if wooded else 0.08) * grain).clip(0.2, 1.8)


def _ground(rng: np.random.RandomState, height: int, width: int, horizon: int) -> np.ndarray:
    """Paint ground of two scales of noise seen in perspective: fine far away, coarse near."""
    first, second, relief = GROUNDS[rng.randint(len(GROUNDS))]
    tile = fractal_noise(rng, 512, 512, 16, 5)
    rows = np.arange(horizon, height, dtype=np.float32)
    depth = 1 / (rows - horizon + 0.10 * height)
    columns = np.arange(width, dtype=np.float32) - width / 2
    u = (np.outer(depth, columns) * height + rng.randint(512)).astype(np.float32)
    v = np.broadcast_to((depth * height**2)[:, None] + rng.randint(512), u.shape).astype(np.float32)
    warped = cv2.remap(tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    broad = fractal_noise(rng, len(rows), width, 5, 3)
    return _mix(first, second, 0.5 + 0.35 * broad) * (1 + relief * warped)[..., None].clip(0.4, 1.6)


def bush(rng: np.random.RandomState) -> list[Layer]:
    """Draw a heap of leaves at random, about one unit wide.

    Args:
        rng (np.random.RandomState): Source of the random values.

    Returns:
        list[Layer]: Its layers.
    """
    blobs = tuple(
        ellipse(x, -abs(rng.normal(0.16, 0.08)), *rng.uniform(0.10, 0.2, 2))
        for x in np.linspace(-0.4, 0.4, 9)
    )
    return [Layer(blobs, LEAVES[rng.randint(len(LEAVES))], 0.08, LEAVES[rng.randint(3)], 0.45)]


def tree(rng: np.random.RandomState) -> list[Layer]:
    """Draw a trunk under a crown at random, about one unit wide and one and a half high.

    Args:
        rng (np.random.RandomState): Source of the random values.

    Returns:
        list[Layer]: Its layers.
    """
    lean = rng.uniform(-0.1, 0.1)
    trunk = limb([(0, 0), (lean, -0.5), (lean, -1.0)], [0.16, 0.11, 0.09])
    angles, radii = rng.uniform(0, 2 * np.pi, 14), rng.uniform(0.05, 0.32, 14)
    crown = tuple(
        ellipse(lean + r * np.cos(a), -1.15 + r * np.sin(a), *rng.uniform(0.13, 0.24, 2))
        for a, r in zip(angles, radii)
    )
    leaf = LEAVES[rng.randint(len(LEAVES))]
    return [Layer(trunk, (0.36, 0.27, 0.20), 0.05, grain=0.3), Layer(crown, leaf, 0.09, grain=0.45)]


def rock(rng: np.random.RandomState) -> list[Layer]:
    """Draw a boulder at random, about one unit wide.

    Args:
        rng (np.random.RandomState): Source of the random values.

    Returns:
        list[Layer]: Its layers.
    """
    angles = np.linspace(np.pi, 2 * np.pi, 8)
    radius = rng.uniform(0.36, 0.52, 8)
    points = np.stack([radius * np.cos(angles), 0.75 * radius * np.sin(angles)], 1)
    grey = rng.uniform(0.40, 0.62)
    return [Layer((smooth(points, 2),), (grey, grey * 0.97, grey * 0.92), 0.16, grain=0.25)]


def fence(rng: np.random.RandomState) -> list[Layer]:
    """Draw posts and two rails at random, about two units wide.

    Args:
        rng (np.random.RandomState): Source of the random values.

    Returns:
        list[Layer]: Its layers.
    """
    posts = [box(x, -0.5, x + 0.05, 0.02) for x in np.linspace(-1, 1, 7)]
    rails = [box(-1.1, y, 1.1, y + 0.045) for y in (-0.42, -0.22)]
    tone = rng.uniform(0.7, 1.2)
    return [Layer((*posts, *rails), (0.46 * tone, 0.36 * tone, 0.26 * tone), 0.02, grain=0.25)]
