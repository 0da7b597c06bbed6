# AffinityNet with mixup (2.2) on VOC-8: self-regularisation of a later step, future work of the
# thesis.
_base_ = './affinitynet_efficientnet-lite0_voc8.py'
model = dict(mixup_alpha=0.2)
