"""Models: backbones, heads, losses, classifiers and segmentors."""

from . import weights  # noqa: F401
from .affinity_net import AffinityNet  # noqa: F401
from .backbones import *  # noqa: F403
from .batch_augments import PerImageMixup  # noqa: F401
from .classifiers import *  # noqa: F403
from .heads import *  # noqa: F403
from .losses import *  # noqa: F403
from .manifold_mixup import ManifoldMixup  # noqa: F401
from .segmentors import *  # noqa: F403
