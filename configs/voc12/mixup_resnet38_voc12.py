# Mixup (2.2) alone on VOC 2012: «Mixup L_cls» of Table 2.1.
_base_ = '../mixup_cam.py'
model = dict(head=dict(regularizers=dict(loss_ent=None, loss_con=None)))
