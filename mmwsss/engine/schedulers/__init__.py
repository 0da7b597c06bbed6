"""Schedules of the learning rate."""

from .step_poly import StepPolyLR

__all__ = ['StepPolyLR']
