# Table 2.1, «Mixup L_cls»: mixup alone.
_base_ = '../mixup_cam.py'
model = dict(head=dict(regularizers=dict(loss_ent=None, loss_con=None)))
