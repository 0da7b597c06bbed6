# Mixup (2.2) with one λ for each image, where mmpretrain's has one for each batch, on VOC-8.
_base_ = ['./cam_efficientnet-lite0_voc8.py', '../_base_/mixup_terms.py']
per_image_mixup = dict(_base_.mixup, type='PerImageMixup')
model = dict(train_cfg=dict(augments=[per_image_mixup]))
