# Plain CAM on your own images, the classifier of `mmwsss masks`, by the best recipe found for it
# (docs/voc8.md): the first four stages and BatchNorm's statistics stay as ImageNet trained them.
# It needs some 330 iterations, 20 epochs of 300 images; see docs/own_images.md.
_base_ = './mixup-cam_efficientnet-lite0_custom.py'
model = dict(
    backbone=dict(frozen_stages=4, norm_eval=True),
    head=dict(_delete_=True, type='CAMHead', num_classes=_base_.num_classes, in_channels=1280),
    train_cfg=None,
)
optim_wrapper = dict(optimizer=dict(lr=2.5e-4))
