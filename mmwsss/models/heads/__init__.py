"""Heads on a backbone's feature map."""

from .affinity_head import AffinityHead
from .cam_head import CAMHead, MixupCAMHead
from .contrastive_head import ContrastiveCAMHead
from .deeplabv2_head import DeepLabV2Head
from .sub_category_head import SubCategoryHead

__all__ = [
    'AffinityHead',
    'CAMHead',
    'ContrastiveCAMHead',
    'DeepLabV2Head',
    'MixupCAMHead',
    'SubCategoryHead',
]
