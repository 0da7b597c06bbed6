# What the image-level datasets share. Each adds its type, data_root, lists of images and folders.
crop_size = 224
# The mean that the model's data preprocessor subtracts, as BGR: the padding becomes exactly 0.
pad_value = (127.0, 127.0, 127.0)
meta_keys = (
    'sample_idx', 'img_id', 'img_path', 'ori_shape', 'img_shape', 'num_classes',
)  # fmt: skip

# Colours change after the crop, on fewer pixels, and before the padding, which keeps its value.
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLongSide', lengths=(256, 512)),
    dict(type='mmpretrain.RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='FastColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='RandomPad', size=crop_size, pad_value=pad_value),
    dict(type='mmpretrain.PackInputs', meta_keys=meta_keys),
]
# For images alone: mmpretrain's functions for inference read it, and know steps by their names
# there.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmpretrain.PackInputs', algorithm_keys=('gt_seg_map',), meta_keys=meta_keys),
]
# To measure, with the masks.
eval_pipeline = [*test_pipeline[:-1], dict(type='mmwsss.LoadSegMap'), test_pipeline[-1]]

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(test_mode=True, pipeline=eval_pipeline),
)
test_dataloader = val_dataloader
