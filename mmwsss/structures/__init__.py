"""What travels between the stages: response maps and their store."""

from .atomic import atomic_open
from .response_map import ResponseMap, resize_scores, strongest

__all__ = ['ResponseMap', 'atomic_open', 'resize_scores', 'strongest']
