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
    backbone=dict(
        type='DilatedConvNeXt',
        arch='tiny',
        output_stride=16,
        out_indices=(3,),
        drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://mmassets.onedl.ai/mmclassification/v0/convnext/'
            'convnext-tiny_32xb128_in1k_20221207-998cf3e9.pth',
            prefix='backbone.',
        ),
    ),
    head=dict(type='CAMHead', num_classes=20, in_channels=768),
    test_cfg=dict(scales=(0.5, 1.0, 1.5, 2.0), flip=True, cam_stride=8),
    val_cfg=dict(scales=(1.0,), flip=False),
)
