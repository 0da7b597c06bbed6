# 14 object classes of MSRC in VOC layout: image-level labels to train, masks only to measure.
# To measure on the training images: --cfg-options
#   test_dataloader.dataset.ann_file=ImageSets/Segmentation/train.txt
_base_ = './_base_/image_level.py'
dataset_type = 'ImageLevelDataset'
data_root = 'data/msrc_objects/'
train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ImageSets/Segmentation/train.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='JPEGImages'),
    ),
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
    ),
)
test_dataloader = val_dataloader
