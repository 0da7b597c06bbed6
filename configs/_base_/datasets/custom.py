# Your own pictures and their tags; no mask is needed. Two steps:
#   1. python tools/dataset_converters/own_pictures.py data/custom/images --out data/custom
#      (a folder for each class; with --csv tags.csv: one folder and a CSV of tags)
#   2. set num_classes in the model's config and train with --no-validate.
# A CSV may be read as it is: label_file='tags.csv', metainfo=dict(classes=('cat', 'dog')).
# With masks of the validation pictures (docs/data.md): add seg_map_path='masks' to data_prefix
# and dict(type='LoadSegMap') before PackInputs in test_pipeline.
dataset_type = 'ImageLevelDataset'
data_root = 'data/custom/'
crop_size = 224
# The mean that the model's data preprocessor subtracts, as BGR: the padding becomes exactly 0.
pad_value = (127.0, 127.0, 127.0)
meta_keys = (
    'sample_idx', 'img_id', 'img_path', 'ori_shape', 'img_shape', 'num_classes',
)  # fmt: skip

# Colour after the crop, on fewer pixels; the padding last, so that it keeps its value.
train_pipeline = [
    dict(type='LoadImage', shrink_to=512),  # large photos: decoded at a part of their size
    dict(type='RandomResizeLongSide', lengths=(256, 512)),
    dict(type='mmpretrain.RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='FastColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='RandomPad', size=crop_size, pad_value=pad_value),
    dict(type='mmpretrain.PackInputs', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLongSide', lengths=(512, 512)),  # always 512: a size seen in training
    dict(type='mmpretrain.PackInputs', algorithm_keys=('gt_seg_map',), meta_keys=meta_keys),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='train.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='images'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='val.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='images'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
