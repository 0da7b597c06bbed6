# Mixup-CAM (2.5): mixup, class-wise entropy and concentration; the last row of Table 2.1.
_base_ = ['./cam.py', './_base_/mixup_terms.py']
model = _base_.mixup_cam
