"""Results of inference, which draw themselves."""

import base64
import html
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mmwsss.structures import ResponseMap
from mmwsss.visualization import label_legend, overlay_labels, overlay_scores

from .sources import ImageSource

SHOWN_SIDE = 480  # longest side of an image in a notebook, in pixels
SHOWN_RESULTS = 20  # of a list, so that a notebook stays small


@dataclass(frozen=True, eq=False)
class SegResult:
    """Mask of one image.

    Attributes:
        source (ImageSource): The image.
        mask (np.ndarray): Label map, uint8 (H, W): 0 background, i + 1 is ``classes[i]``.
        confidence (np.ndarray): Probability of each pixel's label, float16 (H, W); of a photo that
            the network saw smaller, that of the smaller one, enlarged.
        classes (tuple[str, ...]): Names of the foreground classes.
        palette (tuple[tuple[int, int, int], ...], optional): RGB colours of these classes. Defaults
            to None: VOC's.
    """

    source: ImageSource
    mask: np.ndarray
    confidence: np.ndarray
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...] | None = None

    @property
    def name(self) -> str:
        """Name of the image."""
        return self.source.name

    @property
    def shares(self) -> dict[str, float]:
        """Share of the image's pixels of each foreground class that the mask shows."""
        counts = np.bincount(self.mask.ravel(), minlength=len(self.classes) + 1)[1:]
        return {
            name: float(count / self.mask.size)
            for name, count in zip(self.classes, counts)
            if count
        }

    def draw(self, opacity: float = 0.55) -> np.ndarray:
        """Draw the mask over the image.

        Args:
            opacity (float): Share of the colour, in [0, 1]. Defaults to 0.55.

        Returns:
            np.ndarray: RGB image, uint8 (H, W, 3).
        """
        return overlay_labels(self.source.rgb(), self.mask, opacity, self.palette)

    def _repr_html_(self) -> str:
        colours = label_legend(self.classes, self.mask, self.palette)
        return _figure(self.name, [('mask', self.draw())], colours)


@dataclass(frozen=True, eq=False)
class CAMResult:
    """Response maps of one image.

    Attributes:
        source (ImageSource): The image.
        response (ResponseMap): Response maps of the classes that have one.
        scores (np.ndarray, optional): Probability that the image shows each class, float32 (C,);
            None where tags were given.
        classes (tuple[str, ...]): Names of the C classes.
    """

    source: ImageSource
    response: ResponseMap
    scores: np.ndarray | None
    classes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the image."""
        return self.source.name

    @property
    def maps(self) -> dict[str, np.ndarray]:
        """Response map of each class that has one, at the image's size, float32 (H, W)."""
        resized = self.response.resized().numpy()
        return {self.classes[i]: x for i, x in zip(self.response.classes.tolist(), resized)}

    def seed(self, threshold: float = 0.2) -> np.ndarray:
        """Label every pixel, see :meth:`ResponseMap.seed`.

        Args:
            threshold (float): A pixel is background where no score exceeds it. Defaults to 0.2.

        Returns:
            np.ndarray: Label map, uint8 (H, W): 0 background, i + 1 is ``classes[i]``.
        """
        return self.response.seed(threshold).numpy()

    def draw(self, opacity: float = 0.5) -> dict[str, np.ndarray]:
        """Draw the response maps over the image.

        Args:
            opacity (float): Weight of the heat map, in [0, 1]. Defaults to 0.5.

        Returns:
            dict[str, np.ndarray]: RGB image, uint8 (H, W, 3), by class.
        """
        image = self.source.rgb()
        return {name: overlay_scores(image, one, opacity) for name, one in self.maps.items()}

    def _repr_html_(self) -> str:
        return _figure(self.name, list(self.draw().items()), {})


class InferenceResults(dict):
    """Results of a call, as mmengine's inferencers return them; a notebook shows them.

    ``predictions`` is a list of :class:`SegResult` or :class:`CAMResult`, or of data samples;
    ``visualization`` a list of RGB images, empty unless ``return_vis`` asks for them.
    """

    def _repr_html_(self) -> str:
        shown = [x for x in self['predictions'] if hasattr(x, '_repr_html_')][:SHOWN_RESULTS]
        rest = len(self['predictions']) - len(shown)
        more = f'<p>… and {rest} more</p>' if rest else ''
        return ''.join(one._repr_html_() for one in shown) + more


def _figure(name: str, images: list[tuple[str, np.ndarray]], colours: dict) -> str:
    """Write images beside each other, with escaped names."""
    cells = ''.join(
        f'<figure style="display:inline-block;margin:4px"><img alt="{html.escape(title)}" '
        f'src="data:image/jpeg;base64,{_jpeg(image)}"><figcaption>{html.escape(title)}'
        '</figcaption></figure>'
        for title, image in images
    )
    legend = ' '.join(
        f'<span style="color:rgb{colour}">■</span> {html.escape(label)}'
        for label, colour in colours.items()
    )
    return f'<div><strong>{html.escape(name)}</strong> {legend}<br>{cells}</div>'


def _jpeg(image: np.ndarray) -> str:
    small = Image.fromarray(image)
    small.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    buffer = io.BytesIO()
    small.save(buffer, 'JPEG', quality=88)
    return base64.b64encode(buffer.getvalue()).decode()
