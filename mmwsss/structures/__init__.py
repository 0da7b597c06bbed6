"""What stages exchange: response maps and their store, files written whole, tables."""

from .atomic import atomic_open, copy_file
from .cam_store import CAMStore
from .errors import DataError, DataWarning
from .img_id import img_id_fault, img_id_path, is_printable
from .json_file import parse_json, read_json
from .label_values import IGNORED
from .response_map import MAX_PIXELS, ResponseMap, resize_scores, strongest

__all__ = [
    'IGNORED',
    'MAX_PIXELS',
    'CAMStore',
    'DataError',
    'DataWarning',
    'ResponseMap',
    'atomic_open',
    'copy_file',
    'img_id_fault',
    'img_id_path',
    'is_printable',
    'parse_json',
    'read_json',
    'resize_scores',
    'strongest',
]
