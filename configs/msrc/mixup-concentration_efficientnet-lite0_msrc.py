# Mixup and concentration (2.4) on msrc_objects: a row of Table 2.1.
_base_ = './mixup-cam_efficientnet-lite0_msrc.py'
model = dict(head=dict(regularizers=dict(loss_ent=None)))
