"""Hooks and schedulers of training and testing."""

from . import hooks, optim_wrappers, schedulers

__all__ = ['hooks', 'optim_wrappers', 'schedulers']
