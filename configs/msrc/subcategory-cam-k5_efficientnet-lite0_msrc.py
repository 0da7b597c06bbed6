# Figure 3.4, K = 5, on msrc_objects.
_base_ = './subcategory-cam_efficientnet-lite0_msrc.py'
model = dict(head=dict(num_subcategories=5))
