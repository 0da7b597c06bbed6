# Mixup (2.2) alone on VOC-8: a row of Table 2.1.
_base_ = './mixup-cam_efficientnet-lite0_voc8.py'
model = dict(head=dict(regularizers=dict(loss_ent=None, loss_con=None)))
