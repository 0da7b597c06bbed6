# DeepLab-v2 of ResNet-50 on pseudo-labels of COCO 2014.
_base_ = './deeplabv2_r101-d8_coco14.py'
model = dict(backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')))
