# The row of Table 2.1 of this name, on msrc_objects.
_base_ = './mixup-cam_efficientnet-lite0_msrc.py'
model = dict(head=dict(regularizers=dict(loss_ent=None)))
