# Plain CAM on VOC-8 with the mean and variance of pretrained BatchNorm: batches do not change them.
_base_ = './cam_efficientnet-lite0_voc8.py'
model = dict(backbone=dict(norm_eval=True))
