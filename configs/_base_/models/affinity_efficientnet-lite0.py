# AffinityNet for CPUs: 40, 112 and 1280 channels of EfficientNet-Lite0, the first at stride 8, the
# others at stride 16 and resized to it.
model = dict(
    type='AffinityNet',
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0], to_rgb=True),
    backbone=dict(
        type='EfficientNetLite',
        arch='lite0',
        output_stride=16,
        out_indices=(3, 4, 6),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='efficientnet-lite://lite0'),
    ),
    head=dict(
        type='AffinityHead',
        in_channels=(40, 112, 1280),
        channels=(64, 128, 256),
        radius=5,
        stride=8,
        loss=dict(type='AffinityLoss'),
    ),
)
