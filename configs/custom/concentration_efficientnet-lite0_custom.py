# Plain CAM with concentration (2.4) at four times the thesis's λ_con, and BatchNorm in training
# mode: the classifier of `mmwsss masks` for a few hundred images; docs/own_images.md has the
# figures.
_base_ = './mixup-cam_efficientnet-lite0_custom.py'
model = dict(
    backbone=dict(frozen_stages=4),
    head=dict(regularizers=dict(loss_ent=None, loss_con=dict(loss_weight=3.92e-2))),
    train_cfg=None,
)
