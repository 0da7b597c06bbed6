"""From a folder of photos and their tags to masks and a segmentor, as ``mmwsss masks`` does it."""

from .make import MasksMade, make_masks

__all__ = ['MasksMade', 'make_masks']
