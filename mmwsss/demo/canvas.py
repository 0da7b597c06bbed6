"""Painting of layers on textured ground, with one light for the whole image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .shapes import Layer

SUPERSAMPLING = 2
SHIFT = 4  # fractional bits of the integer coordinates that outlines are filled with


def fractal_noise(
    rng: np.random.RandomState, height: int, width: int, first: int, octaves: int
) -> np.ndarray:
    """Make noise of several scales, with zero mean and unit deviation.

    Args:
        rng (np.random.RandomState): Source of the random values.
        height (int): Height in pixels.
        width (int): Width in pixels.
        first (int): Number of cells of the coarsest octave across the width; each next octave has
            twice as many.
        octaves (int): Number of octaves, each 0.6 times as strong as the one before.

    Returns:
        np.ndarray: Noise, shape (height, width), float32.
    """
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = first << octave
        rows = max(2, round(cells * height / width))
        values = rng.uniform(-1, 1, (rows, cells)).astype(np.float32)
        total += 0.6**octave * cv2.resize(values, (width, height), interpolation=cv2.INTER_CUBIC)
    return (total - total.mean()) / (total.std() + 1e-6)


@dataclass(frozen=True)
class Light:
    """Light of a scene.

    Attributes:
        direction (tuple[float, float, float]): Unit vector towards the light, z out of the image.
        ambient (float): Share of the light that comes from everywhere, in [0, 1].
        tint (tuple[float, float, float]): Factors of red, green and blue.
    """

    direction: tuple[float, float, float]
    ambient: float
    tint: tuple[float, float, float]

    @classmethod
    def random(cls, rng: np.random.RandomState) -> Light:
        """Choose direction, ambient share and tint at random.

        Args:
            rng (np.random.RandomState): Source of the random values.

        Returns:
            Light: The light.
        """
        vector = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.9, -0.4), rng.uniform(0.4, 0.9)])
        warmth = rng.uniform(-0.07, 0.09)
        gain = rng.uniform(0.65, 1.15)
        tint = gain * np.array([1 + warmth, 1.0, 1 - warmth])
        x, y, z = vector / np.linalg.norm(vector)
        red, green, blue = tint
        return cls((x, y, z), rng.uniform(0.45, 0.65), (red, green, blue))


def fill(shape: tuple[int, int], polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Fill polygons.

    Args:
        shape (tuple[int, int]): Height and width of the mask in pixels.
        polygons (Sequence[np.ndarray]): Outlines in pixel coordinates, each of shape (n, 2).

    Returns:
        np.ndarray: 255 inside of any polygon, else 0; uint8 (h, w).
    """
    mask = np.zeros(shape, np.uint8)
    for polygon in polygons:
        corners = np.round(polygon * (1 << SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, lineType=cv2.LINE_8, shift=SHIFT)
    return mask


def bounds(layers: Sequence[Layer]) -> tuple[float, float, float, float]:
    """Find the box around all outlines of layers.

    Args:
        layers (Sequence[Layer]): The layers.

    Returns:
        tuple[float, float, float, float]: Left, top, right and bottom.
    """
    points = np.concatenate([p for layer in layers for p in layer.polygons])
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return left, top, right, bottom


class Canvas:
    """An image being painted, and the owner of each of its pixels.

    Args:
        background (np.ndarray): RGB image in [0, 1], float32 (h, w, 3), painted over in place.
        light (Light): Light that shades rounded parts.
        rng (np.random.RandomState): Source of the surface textures.
    """

    def __init__(self, background: np.ndarray, light: Light, rng: np.random.RandomState) -> None:
        self.image = background
        self.light = light
        height, width = background.shape[:2]
        self.owner = np.zeros((height, width), np.uint8)
        self.key = np.zeros((height, width), np.uint8)
        self.grain = fractal_noise(rng, height, width, width // 6, 2)
        self.patches = fractal_noise(rng, height, width, 12, 2)

    def paint(self, layer: Layer, owner: int) -> None:
        """Paint a layer, and note whose pixels it covers.

        Args:
            layer (Layer): The layer, in pixel coordinates.
            owner (int): Number of the figure that it belongs to, 0 for scenery.
        """
        window = self._window(layer)
        if window is None:
            return
        (rows, columns), offset = window
        view = self.image[rows, columns]
        mask = fill((view.shape[0], view.shape[1]), [p - offset for p in layer.polygons])
        inside = mask > 0
        colour = self._colour(layer, rows, columns) * self._shade(mask, layer.roundness)[..., None]
        view[inside] = colour[inside]
        self.owner[rows, columns][inside] = owner
        self.key[rows, columns][inside] = owner if layer.key else 0

    def shadow(self, x: float, y: float, rx: float, ry: float) -> None:
        """Darken the ground under a figure.

        Args:
            x (float): Column of the shadow's centre in pixels.
            y (float): Row of the shadow's centre in pixels.
            rx (float): Half of the shadow's width in pixels.
            ry (float): Half of the shadow's height in pixels.
        """
        reach = 1.5
        left, right = (int(np.clip(x + d * reach * rx, 0, self.owner.shape[1])) for d in (-1, 1))
        top, bottom = (int(np.clip(y + d * reach * ry, 0, self.owner.shape[0])) for d in (-1, 1))
        ys, xs = np.ogrid[top:bottom, left:right]
        distance = ((xs - x) / rx) ** 2 + ((ys - y) / ry) ** 2
        dimming = 1 - 0.55 * np.exp(-1.5 * distance**2)
        self.image[top:bottom, left:right] *= dimming.astype(np.float32)[..., None]

    def _window(self, layer: Layer) -> tuple[tuple[slice, slice], np.ndarray] | None:
        height, width = self.owner.shape
        x0, y0, x1, y1 = bounds([layer])
        left, top = max(0, int(x0) - 2), max(0, int(y0) - 2)
        right, bottom = min(width, int(x1) + 3), min(height, int(y1) + 3)
        if left >= right or top >= bottom:
            return None
        return (slice(top, bottom), slice(left, right)), np.array([left, top])

    def _colour(self, layer: Layer, rows: slice, columns: slice) -> np.ndarray:
        grain = self.grain[rows, columns]
        colour = np.empty((*grain.shape, 3), np.float32)
        colour[:] = layer.colour
        if layer.second_colour is not None:
            colour[self.patches[rows, columns] > 0.35] = layer.second_colour
        return colour * np.clip(1 + layer.grain * grain, 0.3, 1.7)[..., None]

    def _shade(self, mask: np.ndarray, roundness: float) -> np.ndarray:
        """Return the Lambert shading of a part that bulges within ``roundness`` of its rim."""
        lx, ly, lz = self.light.direction
        if roundness <= 0:
            normal_dot = np.full(mask.shape, lz, np.float32)
        else:
            depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
            t = np.clip(depth / roundness, 0, 1)
            relief = cv2.GaussianBlur(roundness * np.sqrt(t * (2 - t)), (0, 0), 1.5)
            gx = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=1 / 8)
            gy = cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=1 / 8)
            normal_dot = (lz - gx * lx - gy * ly) / np.sqrt(1 + gx * gx + gy * gy)
        return self.light.ambient + (1 - self.light.ambient) * 1.6 * np.clip(normal_dot, 0, 1)

    def finish(self, rng: np.random.RandomState) -> np.ndarray:
        """Light the image, scale it to its final size and add the noise of a sensor.

        Args:
            rng (np.random.RandomState): Source of the noise.

        Returns:
            np.ndarray: RGB image, uint8 (h, w, 3).
        """
        height, width = (n // SUPERSAMPLING for n in self.owner.shape)
        small: np.ndarray = cv2.resize(self.image, (width, height), interpolation=cv2.INTER_AREA)
        small = np.clip(small * np.array(self.light.tint, np.float32), 0, 1) * 255
        small += rng.normal(0, rng.uniform(1.0, 3.0), small.shape)
        return np.clip(np.round(small), 0, 255).astype(np.uint8)

    def owners(self, count: int) -> np.ndarray:
        """Find the figure that covers at least half of each pixel of the final image.

        Args:
            count (int): Number of figures.

        Returns:
            np.ndarray: Number of the figure, 0 for none, uint8 (h, w).
        """
        height, width = (n // SUPERSAMPLING for n in self.owner.shape)
        blocks = self.owner.reshape(height, SUPERSAMPLING, width, SUPERSAMPLING)
        result = np.zeros((height, width), np.uint8)
        for owner in range(1, count + 1):
            result[(blocks == owner).mean((1, 3)) >= 0.5] = owner
        return result
