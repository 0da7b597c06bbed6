# Plain CAM on VOC-8 with BatchNorm in training mode, at twice the rate: the recipe of configs/msrc,
# which loses 4 to 5 points of mIoU here.
_base_ = './cam_efficientnet-lite0_voc8.py'
model = dict(backbone=dict(frozen_stages=2, norm_eval=False))
optim_wrapper = dict(optimizer=dict(lr=5e-4))
