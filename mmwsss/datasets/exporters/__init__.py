"""Masks in the forms that annotation tools and other frameworks read."""

from .export import FORMS, export_masks, write_form
from .labelled_image import LabelledImage

__all__ = ['FORMS', 'LabelledImage', 'export_masks', 'write_form']
