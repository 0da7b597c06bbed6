# Sub-category exploration with λ = 1 in (3.3); ../subcategory_cam.py has λ = 5.
_base_ = '../subcategory_cam.py'
model = dict(head=dict(sub_loss=dict(loss_weight=1.0)))
