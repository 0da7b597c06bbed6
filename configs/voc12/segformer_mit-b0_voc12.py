# SegFormer-B0 of mmseg, by its own base files, in the place of DeepLab-v2.
_base_ = [
    'mmseg::_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/voc12_pseudo.py',
    '../_base_/schedules/adamw_20k.py',
    '../_base_/segmentation_runtime.py',
]
model = dict(
    type='mmwsss.MultiScaleEncoderDecoder',  # mmseg's EncoderDecoder with weights of pixels
    data_preprocessor=dict(size=(321, 321)),
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/'
            'mit_b0_20220624-7e0fe6dd.pth',
        )
    ),
    decode_head=dict(
        num_classes=21,
        norm_cfg=dict(type='BN'),  # for any device; on several GPUs take 'SyncBN'
        loss_decode=dict(avg_non_ignore=True),
    ),
)
