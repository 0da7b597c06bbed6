# Mixup and class-wise entropy (2.3) on VOC-8: a row of Table 2.1.
_base_ = './mixup-cam_efficientnet-lite0_voc8.py'
model = dict(head=dict(regularizers=dict(loss_con=None)))
