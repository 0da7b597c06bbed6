# Sub-category exploration with K = 5: Figure 3.4. ../subcategory_cam.py has K = 10, and ../cam.py
# stands for K = 1.
_base_ = '../subcategory_cam.py'
model = dict(head=dict(num_subcategories=5))
