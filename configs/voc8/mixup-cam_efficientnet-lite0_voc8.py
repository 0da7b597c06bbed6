# Mixup-CAM (2.5) with the thesis's weights on VOC-8.
_base_ = ['./cam_efficientnet-lite0_voc8.py', '../_base_/mixup_terms.py']
model = _base_.mixup_cam
