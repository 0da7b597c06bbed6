# Concentration (2.4) without mixup on VOC-8.
_base_ = ['./cam_efficientnet-lite0_voc8.py', '../_base_/mixup_terms.py']
model = dict(
    head=dict(type='MixupCAMHead', regularizers=dict(loss_con=_base_.concentration)),
)
