# Rounds that continue with the weights of the round before, as DeepCluster.
_base_ = './subcategory-cam_efficientnet-lite0_msrc.py'
default_hooks = dict(sub_category=dict(restart=False))
