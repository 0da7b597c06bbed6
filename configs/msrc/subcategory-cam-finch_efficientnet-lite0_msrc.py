# Sub-categories by first-neighbour clustering (FINCH), which finds their number, 50 at most.
_base_ = './subcategory-cam_efficientnet-lite0_msrc.py'
model = dict(head=dict(num_subcategories=50))
default_hooks = dict(sub_category=dict(clusterer=dict(type='FINCH')))
