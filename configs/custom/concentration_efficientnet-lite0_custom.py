# Plain CAM with concentration (2.4) on your own images: of the methods of the thesis, the one that
# gained in paired runs (configs/voc8), at four times the thesis's λ_con.
_base_ = './mixup-cam_efficientnet-lite0_custom.py'
model = dict(
    head=dict(regularizers=dict(loss_ent=None, loss_con=dict(loss_weight=3.92e-2))),
    train_cfg=None,
)
