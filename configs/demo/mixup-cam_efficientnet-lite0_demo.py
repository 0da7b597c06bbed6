# Mixup-CAM on the rendered demo set; see the base.
_base_ = ['./cam_efficientnet-lite0_demo.py', '../_base_/mixup_terms.py']
model = _base_.mixup_cam
