"""Forms in which people have the tags of their images, each read into the same LabelTable."""

from .detect import read_tags
from .matching import match_images

__all__ = ['match_images', 'read_tags']
