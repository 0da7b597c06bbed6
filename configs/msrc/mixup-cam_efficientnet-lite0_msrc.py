# Mixup-CAM (2.5) on msrc_objects.
_base_ = ['./cam_efficientnet-lite0_msrc.py', '../_base_/mixup_terms.py']
model = _base_.mixup_cam
