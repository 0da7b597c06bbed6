# Your own images and their tags; no mask is needed. Two steps:
#   1. python tools/dataset_converters/own_images.py data/custom/images --out data/custom
#      (a folder for each class; with --csv tags.csv: one folder and a CSV of tags)
#   2. set num_classes in the model's config and train with --no-validate.
# A CSV may be read as it is: label_file='tags.csv', metainfo=dict(classes=('cat', 'dog')).
# With masks of the validation images (docs/data.md): add seg_map_path='masks' to data_prefix
# and dict(type='LoadSegMap') before PackInputs in test_pipeline.
_base_ = './_base_/image_level.py'
dataset_type = 'ImageLevelDataset'
data_root = 'data/custom/'
# Another crop or mean is set as in voc12_aug.py.
train_pipeline = [
    dict(type='LoadImage', shrink_to=512),  # large photos are decoded at a fraction of their size
    *_base_.train_pipeline[1:],
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='mmwsss.RandomResizeLongSide', lengths=(512, 512)
    ),  # always 512: a size seen in training
    _base_.test_pipeline[-1],  # PackInputs
]
train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='train.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='images'),
        negatives='keep',  # images with an empty tag train the classifier with all labels 0
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='val.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='images'),
        negatives='keep',
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
