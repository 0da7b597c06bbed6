# DeepLab-v2's head on EfficientNet-Lite0 for your own images; its test writes masks of val.txt.
_base_ = ['./classes.py', '../msrc/deeplabv2_efficientnet-lite0_msrc.py']
dataset = dict(
    data_root='data/custom/',
    metainfo=dict(classes=_base_.own_classes),
    data_prefix=dict(_delete_=True, img_path='images'),
)
# The long side of large photos, in pixels, as the network sees them; masks have the photo's size.
max_size = 512
model = dict(
    decode_head=dict(num_classes=1 + len(_base_.own_classes)),
    test_cfg=dict(scores_at='input'),
)
_limit = dict(type='mmwsss.LimitSize', max_size=max_size)
# Scales of the photo as it is seen, so that a crop holds like parts of photos of any size.
train_pipeline = [
    dict(type='mmwsss.LoadImage', shrink_to=max_size),
    _base_.train_pipeline[1],  # LoadPseudoLabel
    dict(type='mmwsss.RandomResizeLongSide', lengths=(max_size // 2, max_size)),
    *_base_.train_pipeline[3:],
]
# The loader reads the whole photo: mmseg's functions for inference give it arrays, too.
test_pipeline = [_base_.test_pipeline[0], _limit, *_base_.test_pipeline[1:]]
tta_pipeline = [_base_.tta_pipeline[0], _limit, *_base_.tta_pipeline[1:]]
label_dir = 'work_dirs/affinitynet_efficientnet-lite0_custom/pseudo_labels'
train_dataloader = dict(
    dataset=dict(**dataset, ann_file='train.txt', label_dir=label_dir, pipeline=train_pipeline)
)
val_cfg = None
val_dataloader = None
val_evaluator = None
test_dataloader = dict(dataset=dict(**dataset, ann_file='val.txt', pipeline=test_pipeline))
test_evaluator = [dict(type='mmwsss.MaskIoUMetric', format_only=True)]
