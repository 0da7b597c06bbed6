model = dict(
    _scope_='mmwsss',  # also where mmpretrain builds it
    type='CAMClassifier',
    data_preprocessor=dict(
        type='CAMDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
        num_classes=20,
    ),
    # Output stride 8. docs/backbones.md tells where the weights come from.
    backbone=dict(
        type='ResNet38',
        init_cfg=dict(type='Pretrained', checkpoint='data/weights/resnet38_imagenet.pth'),
    ),
    # 3x3 convolution of 512 channels before the classifier: thesis, 2.3.3.
    head=dict(type='CAMHead', num_classes=20, in_channels=4096, mid_channels=512),
    # scales of the published code
    test_cfg=dict(scales=(0.5, 1.0, 1.5, 2.0), flip=True, cam_stride=8),
    val_cfg=dict(scales=(1.0,), flip=False),
)
