# DeepLab-v2's head on ResNet-38, the classifier's backbone, on pseudo-labels of COCO 2014.
_base_ = './deeplabv2_r101-d8_coco14.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmwsss.ResNet38',
        init_cfg=dict(type='Pretrained', checkpoint='data/weights/resnet38_imagenet.pth'),
    ),
    decode_head=dict(in_channels=4096),
)
