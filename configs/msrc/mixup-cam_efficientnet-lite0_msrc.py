# Mixup-CAM on msrc_objects; see the base.
_base_ = ['./cam_efficientnet-lite0_msrc.py', '../_base_/mixup_terms.py']
model = dict(
    train_cfg=dict(augments=[_base_.mixup]),
    head=dict(
        type='MixupCAMHead',
        regularizers=dict(loss_ent=_base_.entropy, loss_con=_base_.concentration),
    ),
)
