# Figure 3.4, K = 50; K = 10 is ../subcategory_cam.py, K = 1 is ../cam.py.
_base_ = '../subcategory_cam.py'
model = dict(head=dict(num_subcategories=50))
