# Plain CAM on your own images, by the best recipe found for VOC's photos (docs/voc8.md): the first
# four stages and BatchNorm's statistics stay as ImageNet trained them. It needs some 330
# iterations. The classifier of `mmwsss masks` for many images: docs/own_images.md has the figures.
_base_ = './mixup-cam_efficientnet-lite0_custom.py'
model = dict(
    backbone=dict(frozen_stages=4, norm_eval=True),
    head=dict(_delete_=True, type='CAMHead', num_classes=_base_.num_classes, in_channels=1280),
    train_cfg=None,
)
optim_wrapper = dict(optimizer=dict(lr=2.5e-4))
