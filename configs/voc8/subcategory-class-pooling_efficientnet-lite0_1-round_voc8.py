# One round of sub-categories on VOC-8, clustered by features that are pooled over the class's
# own map.
_base_ = './subcategory-cam_efficientnet-lite0_1-round_voc8.py'
default_hooks = dict(sub_category=dict(pooling='class'))
