"""Heads on a backbone's feature map."""

from .affinity_head import AffinityHead
from .cam_head import CAMHead, MixupCAMHead

__all__ = ['AffinityHead', 'CAMHead', 'MixupCAMHead']
