"""Affinity labels and pseudo-labels of a dataset: made, traced to their sources, measured."""
