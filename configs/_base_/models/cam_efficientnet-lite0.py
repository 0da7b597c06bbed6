model = dict(
    _scope_='mmwsss',  # also where mmpretrain builds it
    type='CAMClassifier',
    data_preprocessor=dict(
        type='CAMDataPreprocessor',
        mean=[127.0, 127.0, 127.0],
        std=[128.0, 128.0, 128.0],
        to_rgb=True,
        num_classes=20,
    ),
    backbone=dict(
        type='EfficientNetLite',
        arch='lite0',
        output_stride=16,
        init_cfg=dict(type='Pretrained', checkpoint='efficientnet-lite://lite0'),
    ),
    head=dict(type='CAMHead', num_classes=20, in_channels=1280),
    # scales of the published code
    test_cfg=dict(scales=(0.5, 1.0, 1.5, 2.0), flip=True, cam_stride=8),
    val_cfg=dict(scales=(1.0,), flip=False),
)
