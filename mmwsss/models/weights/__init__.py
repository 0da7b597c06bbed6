"""Readers and converters of published weights; importing it registers their schemes."""

from . import efficientnet_lite  # noqa: F401
