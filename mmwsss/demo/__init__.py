"""A small made-up data set for the quick start: rendered scenes, with labels and masks.

Its animals share their bodies and coats, its trucks theirs: only the head, or what a truck
carries, tells the class for sure. A classifier need look no further, which is what makes response
maps of photographs cover parts instead of objects.
"""

from .scene import CLASSES, render_scene
from .writer import make_demo_set

__all__ = ['CLASSES', 'make_demo_set', 'render_scene']
