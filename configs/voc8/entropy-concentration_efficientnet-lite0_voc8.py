# Concentration and class-wise entropy (2.3) of maps that are not normalised, without mixup on
# VOC-8: normalised maps leave the softmax close to uniform.
_base_ = './concentration_efficientnet-lite0_voc8.py'
model = dict(
    head=dict(regularizers=dict(loss_ent=dict(_base_.entropy, normalize_by='none'))),
)
