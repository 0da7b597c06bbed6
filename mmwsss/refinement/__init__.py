"""Refinement of response maps: random walk, dense CRF, pixel-adaptive averaging, refiners."""
