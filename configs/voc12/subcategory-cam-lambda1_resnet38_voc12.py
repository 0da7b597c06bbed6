# λ = 1 in (3.3); λ = 5 is ../subcategory_cam.py.
_base_ = '../subcategory_cam.py'
model = dict(head=dict(sub_loss=dict(loss_weight=1.0)))
