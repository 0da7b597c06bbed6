# Mixup and class-wise entropy (2.3) on VOC 2012: «Mixup L_cls + L_ent» of Table 2.1.
_base_ = '../mixup_cam.py'
model = dict(head=dict(regularizers=dict(loss_con=None)))
