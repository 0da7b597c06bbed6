"""Heads on a backbone's feature map."""

from .cam_head import CAMHead, MixupCAMHead

__all__ = ['CAMHead', 'MixupCAMHead']
