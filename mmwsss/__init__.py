"""mmwsss: weakly supervised semantic segmentation from image-level labels.

Importing this package registers its components in scope ``mmwsss``.
"""

from .compat import apply_remedies

apply_remedies()

from . import datasets, engine, evaluation, models, structures, visualization  # noqa: E402, F401
from .version import __version__  # noqa: E402

__all__ = ['__version__']
