# Mixup and concentration (2.4) on VOC 2012: «Mixup L_cls + L_con» of Table 2.1.
_base_ = '../mixup_cam.py'
model = dict(head=dict(regularizers=dict(loss_ent=None)))
