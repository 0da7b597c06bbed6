# Plain CAM of EfficientNet-Lite0 on VOC-8, by the best recipe found for it (docs/voc8.md):
# BatchNorm keeps its pretrained mean and variance, and the rate is half of cam-norm-train's.
_base_ = './cam-norm-train_efficientnet-lite0_voc8.py'
model = dict(backbone=dict(norm_eval=True))
optim_wrapper = dict(optimizer=dict(lr=2.5e-4))
