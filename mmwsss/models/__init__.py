"""Models: backbones, heads, losses and classifiers."""

from .backbones import *  # noqa: F403
from .classifiers import *  # noqa: F403
from .heads import *  # noqa: F403
from .losses import *  # noqa: F403
