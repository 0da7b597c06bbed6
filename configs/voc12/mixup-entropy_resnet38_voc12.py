# Table 2.1, «Mixup L_cls + L_ent».
_base_ = '../mixup_cam.py'
model = dict(head=dict(regularizers=dict(loss_con=None)))
