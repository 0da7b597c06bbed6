# DeepLab-v2 on ResNet-101, output stride 8, batch normalisation frozen.
model = dict(
    type='mmwsss.MultiScaleEncoderDecoder',
    scales=(1.0, 0.75, 0.5),  # of the loss, as published; (1.0,) takes the image alone
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(321, 321),
        pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(
        type='mmwsss.DeepLabResNet',
        ceil_mode=True,  # of the stem's max-pooling, as published; False is mmseg's ResNet
        depth=101,
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        out_indices=(3,),
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101'),
    ),
    decode_head=dict(
        type='mmwsss.DeepLabV2Head',
        in_channels=2048,
        num_classes=21,
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    # As the published code tests: the maximum over the scales of the loss.
    test_cfg=dict(mode='whole', fuse_scales=True),
)
