# MS COCO 2014, 80 classes: 82,081 images to train, 40,137 to measure; masks only measure.
# tools/dataset_converters/coco14.py makes lists, labels and masks in COCO's folder (docs/data.md).
# To measure on the training images: --cfg-options
#   test_dataloader.dataset.ann_file=ImageSets/Segmentation/train.txt
_base_ = './voc12_aug.py'
dataset_type = 'ImageLevelDataset'
data_root = 'data/coco14/'
_dataset = dict(
    type=dataset_type,
    data_root=data_root,
    label_file='image_labels.json',
    negatives='keep',  # where the converter listed images without any class
)
train_dataloader = dict(
    dataset=dict(
        **_dataset,
        ann_file='ImageSets/Segmentation/train.txt',
        data_prefix=dict(img_path=''),  # the lists name images by COCO's own folders
    )
)
val_dataloader = dict(dataset=dict(**_dataset, data_prefix=dict(img_path='')))
test_dataloader = val_dataloader
