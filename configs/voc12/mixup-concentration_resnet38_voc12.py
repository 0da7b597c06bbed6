# Table 2.1, «Mixup L_cls + L_con».
_base_ = '../mixup_cam.py'
model = dict(head=dict(regularizers=dict(loss_ent=None)))
