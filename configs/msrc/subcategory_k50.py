# Figure 3.4, K = 50, on msrc_objects.
_base_ = './subcategory_cam.py'
model = dict(head=dict(num_subcategories=50))
