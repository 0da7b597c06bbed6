"""Hooks and schedulers of training and testing."""

from . import hooks, schedulers

__all__ = ['hooks', 'schedulers']
