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
    # Output stride 16. For 8: strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4).
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        out_indices=(3,),
        frozen_stages=1,
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    head=dict(type='CAMHead', num_classes=20, in_channels=2048),
    test_cfg=dict(scales=(0.5, 1.0, 1.5, 2.0), flip=True, cam_stride=8),
    val_cfg=dict(scales=(1.0,), flip=False),
)
