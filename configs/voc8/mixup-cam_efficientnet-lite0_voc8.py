# Mixup-CAM (2.5) with the thesis's weights on VOC-8.
_base_ = ['./cam_efficientnet-lite0_voc8.py', '../_base_/mixup_terms.py']
model = dict(
    train_cfg=dict(augments=[_base_.mixup]),
    head=dict(
        type='MixupCAMHead',
        regularizers=dict(loss_ent=_base_.entropy, loss_con=_base_.concentration),
    ),
)
