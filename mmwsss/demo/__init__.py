"""A small data set for the quick start: rendered scenes, with image-level labels and masks.

Its animals share their bodies and coats, its trucks theirs: only the head, or what a truck
carries, tells the class for sure. A classifier need look no further, so that its response maps
cover parts instead of objects, as those of photographs do.
"""

from .scene import CLASSES, render_scene
from .writer import make_demo_set

__all__ = ['CLASSES', 'make_demo_set', 'render_scene']
