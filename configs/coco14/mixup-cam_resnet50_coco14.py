# Mixup-CAM (2.5) of ResNet-50 on COCO 2014.
_base_ = ['./cam_resnet50_coco14.py', '../_base_/mixup_terms.py']
model = _base_.mixup_cam
