# Mixup-CAM on msrc_objects; see the base.
_base_ = ['./cam_efficientnet-lite0_msrc.py', '../_base_/mixup_terms.py']
model = _base_.mixup_cam
