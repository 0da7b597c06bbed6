# Sub-category exploration with K = 50 on msrc_objects: Figure 3.4.
_base_ = './subcategory-cam_efficientnet-lite0_msrc.py'
model = dict(head=dict(num_subcategories=50))
