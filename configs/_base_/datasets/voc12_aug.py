# PASCAL VOC 2012 with SBD: 10,582 images to train, VOC's own masks only to measure.
# tools/dataset_converters/voc12.py makes the files in image_labels/ (see docs/data.md).
# Measured on val; on train, as Table 2.1 of the thesis: --cfg-options
#   test_dataloader.dataset.ann_file=ImageSets/Segmentation/train.txt
_base_ = './_base_/image_level.py'
dataset_type = 'VOCImageLevelDataset'
data_root = 'data/VOCdevkit/VOC2012/'
crop_size = 448
pad_value = (103.53, 116.28, 123.675)  # ImageNet's mean, as the model's
# The steps of _base_/image_level.py for this crop and this mean.
_own = {
    'mmpretrain.RandomCrop': dict(crop_size=crop_size),
    'RandomPad': dict(size=crop_size, pad_value=pad_value),
}
train_pipeline = [dict(step, **_own.get(step['type'], {})) for step in _base_.train_pipeline]
train_dataloader = dict(
    num_workers=4,
    drop_last=True,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        label_file='image_labels/train_aug.txt',
        data_prefix=dict(img_path='JPEGImages'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=4,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        label_file='image_labels/trainval_aug.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
    ),
)
test_dataloader = val_dataloader
