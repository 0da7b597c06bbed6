"""Tensor functions that models and refiners share."""
