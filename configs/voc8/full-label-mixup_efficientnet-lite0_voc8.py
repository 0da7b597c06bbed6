# Mixup with one λ for each image on VOC-8; where λ is in [0.3, 0.7], both labels count in full.
_base_ = './per-image-mixup_efficientnet-lite0_voc8.py'
model = dict(train_cfg=dict(augments=[dict(_base_.per_image_mixup, full_between=(0.3, 0.7))]))
