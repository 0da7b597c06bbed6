# VOC-8, eight classes of PASCAL VOC 2012 and SBD: pseudo-labels to train, masks to measure.
_base_ = './voc12_pseudo.py'
dataset_type = 'mmwsss.PseudoLabelDataset'
data_root = 'data/voc8/'
classes = ('cat', 'chair', 'cow', 'dog', 'horse', 'person', 'sheep', 'sofa')
# Written by tools/make_pseudo_labels.py configs/voc8/affinitynet_efficientnet-lite0_voc8.py.
# To train on the true masks, as an upper limit:
#   --cfg-options train_dataloader.dataset.label_dir=data/voc8/SegmentationClass
label_dir = 'work_dirs/affinitynet_efficientnet-lite0_voc8/pseudo_labels'
crop_size = (224, 224)
train_pipeline = [
    dict(type='mmwsss.LoadImage'),
    dict(type='mmwsss.LoadPseudoLabel'),
    # Images of 500 pixels: smaller ones, so that a crop holds a part of the scene.
    dict(
        type='RandomChoice',
        transforms=[
            [dict(type='mmseg.Resize', scale_factor=scale, keep_ratio=True)]
            for scale in (0.5, 0.75, 1.0)
        ],
    ),
    dict(type='mmseg.RandomCrop', crop_size=crop_size),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmwsss.FastColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='mmwsss.PackPseudoLabel'),
]
train_dataloader = dict(
    num_workers=2,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=dict(classes=classes),
        ann_file='ImageSets/Segmentation/train.txt',
        label_dir=label_dir,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=2,
    dataset=dict(type=dataset_type, data_root=data_root, metainfo=dict(classes=classes)),
)
test_dataloader = val_dataloader
