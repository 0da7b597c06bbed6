# AffinityNet of PSA: taps conv4, conv5 and conv6 of ResNet-38 at stride 8.
model = dict(
    type='AffinityNet',
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True
    ),
    backbone=dict(
        type='ResNet38',
        out_indices=(0, 1, 2),
        init_cfg=dict(type='Pretrained', checkpoint='data/weights/resnet38_imagenet.pth'),
    ),
    head=dict(
        type='AffinityHead',
        in_channels=(512, 1024, 4096),
        channels=(64, 128, 256),
        radius=5,
        stride=8,
        loss=dict(type='AffinityLoss'),
    ),
)
