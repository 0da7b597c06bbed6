# DeepLab-v2's head on EfficientNet-Lite0, output stride 16, for CPUs.
model = dict(
    type='mmwsss.MultiScaleEncoderDecoder',
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        mean=[127.0, 127.0, 127.0],
        std=[128.0, 128.0, 128.0],
        bgr_to_rgb=True,
        size=(224, 224),
        pad_val=0,
        seg_pad_val=255,
        # Images are padded to whole cells: resized to a part of a cell, all scores would shift.
        test_cfg=dict(size_divisor=16),
    ),
    backbone=dict(
        type='mmwsss.EfficientNetLite',
        arch='lite0',
        output_stride=16,
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='efficientnet-lite://lite0'),
    ),
    # Half of the published 6, 12, 18 and 24, which are for stride 8.
    decode_head=dict(
        type='mmwsss.DeepLabV2Head',
        in_channels=1280,
        num_classes=21,
        dilations=(3, 6, 9, 12),
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
    channels_last=True,
)
