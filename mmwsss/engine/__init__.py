"""What runs during training and testing."""

from . import hooks

__all__ = ['hooks']
