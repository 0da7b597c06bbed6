"""What travels between the stages: response maps and their store."""

from .atomic import atomic_open
from .cam_store import CAMStore
from .response_map import ResponseMap, resize_scores, strongest

__all__ = ['CAMStore', 'ResponseMap', 'atomic_open', 'resize_scores', 'strongest']
