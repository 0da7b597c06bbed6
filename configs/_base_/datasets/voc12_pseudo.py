# PASCAL VOC 2012: pseudo-labels of train_aug (10,582 images) to train, VOC's masks to measure.
dataset_type = 'mmwsss.VOCPseudoLabelDataset'
data_root = 'data/VOCdevkit/VOC2012'
data_prefix = dict(img_path='JPEGImages', seg_map_path='SegmentationClass')
# Written by tools/make_pseudo_labels.py configs/affinitynet.py. To train on the true masks, as an
# upper limit:
#   --cfg-options train_dataloader.dataset.label_dir=data/VOCdevkit/VOC2012/SegmentationClassAug
label_dir = 'work_dirs/affinitynet/pseudo_labels'
crop_size = (321, 321)

train_pipeline = [
    dict(type='mmwsss.LoadImage'),
    dict(type='mmwsss.LoadPseudoLabel'),
    # Scales of the image's own size, as published.
    dict(
        type='RandomChoice',
        transforms=[
            [dict(type='mmwsss.Resize', scale_factor=scale, keep_ratio=True)]
            for scale in (0.5, 0.75, 1.0, 1.25, 1.5)
        ],
    ),
    # The model's data_preprocessor pads what is smaller than the crop, labels with 255.
    dict(type='mmseg.RandomCrop', crop_size=crop_size),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmwsss.PackPseudoLabel'),
]
# For images alone: mmseg's functions for inference read it, and know steps by their names there.
# Images as they are: VOC's are 500 pixels wide or high at most.
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='mmwsss.PackPseudoLabel')]
# To measure, with the masks.
eval_pipeline = [*test_pipeline[:-1], dict(type='mmwsss.LoadPseudoLabel'), test_pipeline[-1]]
tta_pipeline = [
    dict(type='mmwsss.LoadImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='mmwsss.Resize', scale_factor=scale, keep_ratio=True)
                for scale in (0.5, 0.75, 1.0, 1.25, 1.5)
            ],
            [
                dict(type='mmseg.RandomFlip', prob=0.0, direction='horizontal'),
                dict(type='mmseg.RandomFlip', prob=1.0, direction='horizontal'),
            ],
            [dict(type='mmwsss.LoadPseudoLabel')],
            [dict(type='mmwsss.PackPseudoLabel')],
        ],
    ),
]

train_dataloader = dict(
    batch_size=10,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='mmwsss.SeededInfiniteSampler', shuffle=True),
    dataset=dict(
        _scope_='mmseg',  # of its pipeline, also where 'mmwsss::…' is inherited
        type=dataset_type,
        data_root=data_root,
        data_prefix=data_prefix,
        ann_file='ImageSets/Segmentation/train_aug.txt',
        label_dir=label_dir,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        _scope_='mmseg',
        type=dataset_type,
        data_root=data_root,
        data_prefix=data_prefix,
        ann_file='ImageSets/Segmentation/val.txt',
        pipeline=eval_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='mmwsss.MaskIoUMetric', iou_metrics=['mIoU'])
# One run of tools/test.py prints mIoU without and, as crf/mIoU, with CRF.
test_evaluator = [
    dict(type='mmwsss.MaskIoUMetric', iou_metrics=['mIoU'], classwise=True),
    dict(type='mmwsss.CRFIoUMetric', iou_metrics=['mIoU'], classwise=True, workers=4),
]
