# PASCAL VOC 2012: pseudo-labels of train_aug (10,582 images) to train, VOC's masks to measure.
_base_ = 'mmseg::_base_/datasets/pascal_voc12.py'
dataset_type = 'mmwsss.VOCPseudoLabelDataset'
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
            [dict(type='mmseg.Resize', scale_factor=scale, keep_ratio=True)]
            for scale in (0.5, 0.75, 1.0, 1.25, 1.5)
        ],
    ),
    # The model's data_preprocessor pads what is smaller than the crop, labels with 255.
    dict(type='mmseg.RandomCrop', crop_size=crop_size),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmwsss.PackPseudoLabel'),
]
# Images as they are: VOC's are 500 pixels wide or high at most.
test_pipeline = [
    dict(type='mmwsss.LoadImage'),
    dict(type='mmwsss.LoadPseudoLabel'),
    dict(type='mmwsss.PackPseudoLabel'),
]
tta_pipeline = [
    dict(type='mmwsss.LoadImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='mmseg.Resize', scale_factor=scale, keep_ratio=True)
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
    sampler=dict(type='mmwsss.SeededInfiniteSampler'),
    dataset=dict(
        type=dataset_type,
        ann_file='ImageSets/Segmentation/train_aug.txt',
        label_dir=label_dir,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(dataset=dict(type=dataset_type, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='mmwsss.MaskIoUMetric', iou_metrics=['mIoU'])
# One run of tools/test.py prints mIoU without and, as crf/mIoU, with CRF.
test_evaluator = [
    dict(type='mmwsss.MaskIoUMetric', iou_metrics=['mIoU'], classwise=True),
    dict(type='mmwsss.CRFIoUMetric', iou_metrics=['mIoU'], classwise=True, workers=4),
]
