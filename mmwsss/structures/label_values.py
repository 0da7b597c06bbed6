"""Pixel values of masks and labels: 0 is background, i + 1 is class i, 255 is ignored."""

IGNORED = 255
"""Value of pixels that are neither trained on nor measured."""
