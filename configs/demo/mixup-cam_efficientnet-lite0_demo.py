# Mixup-CAM (2.5) on the rendered demo set.
_base_ = ['./cam_efficientnet-lite0_demo.py', '../_base_/mixup_terms.py']
model = _base_.mixup_cam
