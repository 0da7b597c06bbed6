# Sub-category exploration in which each round continues with the weights of the round before, as in
# DeepCluster.
_base_ = './subcategory-cam_efficientnet-lite0_voc8.py'
default_hooks = dict(sub_category=dict(restart=False))
