"""Readers and converters of published weights; importing this package registers their schemes."""

from . import efficientnet_lite  # noqa: F401
