# Concentration (2.4) without mixup on VOC-8. λ_con is a tenth of the thesis's: 2e-5 in cells, on
# maps of 14×14.
_base_ = ['./cam_efficientnet-lite0_voc8.py', '../_base_/mixup_terms.py']
concentration = dict(loss_weight=9.8e-4)
model = dict(
    head=dict(
        type='MixupCAMHead',
        regularizers=dict(loss_con=dict(_base_.concentration, **concentration)),
    ),
)
