# Mixup-CAM on the rendered demo set; see the base.
_base_ = ['./cam_efficientnet-lite0_demo.py', '../_base_/mixup_terms.py']
model = dict(
    train_cfg=dict(augments=[_base_.mixup]),
    head=dict(
        type='MixupCAMHead',
        regularizers=dict(loss_ent=_base_.entropy, loss_con=_base_.concentration),
    ),
)
