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
    # Output stride 16, the patch size. For 8, with overlapping patches: patch_cfg=dict(stride=8).
    backbone=dict(
        type='mmpretrain.VisionTransformer',
        arch='deit-small',
        img_size=224,
        patch_size=16,
        # Patch tokens as a map; position embeddings are resized to each image.
        out_type='featmap',
        drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://mmassets.onedl.ai/mmclassification/v0/deit/'
            'deit-small_pt-4xb256_in1k_20220218-9425b9bb.pth',
            prefix='backbone.',
        ),
    ),
    head=dict(type='CAMHead', num_classes=20, in_channels=384),
    test_cfg=dict(scales=(0.5, 1.0, 1.5, 2.0), flip=True, cam_stride=8),
    val_cfg=dict(scales=(1.0,), flip=False),
)
