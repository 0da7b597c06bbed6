# PASCAL VOC 2012 with SBD: 10,582 pictures to train, VOC's own masks only to measure.
# tools/dataset_converters/voc12.py makes the files in image_labels/ (see docs/data.md).
# Measured on val; on train, as Table 2.1 of the thesis: --cfg-options
#   test_dataloader.dataset.label_file=image_labels/train.txt
dataset_type = 'VOCImageLevelDataset'
data_root = 'data/VOCdevkit/VOC2012/'
crop_size = 448
# The mean that the model's data preprocessor subtracts, as BGR: the padding becomes exactly 0.
pad_value = (103.53, 116.28, 123.675)
meta_keys = (
    'sample_idx', 'img_id', 'img_path', 'ori_shape', 'img_shape', 'num_classes',
)  # fmt: skip

# Colour after the crop, on fewer pixels; the padding last, so that it keeps its value.
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLongSide', lengths=(256, 512)),
    dict(type='mmpretrain.RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='FastColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='RandomPad', size=crop_size, pad_value=pad_value),
    dict(type='mmpretrain.PackInputs', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadSegMap'),
    dict(type='mmpretrain.PackInputs', algorithm_keys=('gt_seg_map',), meta_keys=meta_keys),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        label_file='image_labels/train_aug.txt',
        data_prefix=dict(img_path='JPEGImages'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        label_file='image_labels/val.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
