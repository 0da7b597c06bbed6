# Splits and networks of VOC 2012: labels for train_aug, measured on train (1,464) and val (1,449).
_base_ = './stages.py'
_root = 'data/VOCdevkit/VOC2012/'
_aug = dict(ann_file='ImageSets/Segmentation/train_aug.txt')
_val = dict(label_file='image_labels/val.txt')
_train = dict(label_file='image_labels/train.txt')
configs = dict(affinitynet='configs/affinitynet.py', segmentor='configs/deeplabv2_pseudo.py')
stages = dict(
    # VOC has masks of 1,464 of these images; the others are measured by SBD's.
    cams=dict(
        title='CAM, train_aug',
        cfg_options=dict(
            test_dataloader=dict(
                dataset=dict(**_aug, data_prefix=dict(seg_map_path='SegmentationClassAug'))
            )
        ),
    ),
    # As the thesis: these 1,464 images by VOC's own masks.
    cams_train=dict(
        _delete_=True,
        tool='test',
        config='classifier',
        checkpoint='classifier',
        title='CAM, train',
        cfg_options=dict(
            test_evaluator=dict(classwise=True),
            test_dataloader=dict(dataset=dict(ann_file='ImageSets/Segmentation/train.txt')),
        ),
    ),
    walk=dict(cfg_options=dict(label_dataset=_train)),
    walk_val=dict(cfg_options=dict(label_dataset=_val)),
    pseudo_labels_val=dict(cfg_options=dict(label_dataset=_val)),
)
report = dict(
    dataset=dict(
        type='VOCImageLevelDataset',
        data_root=_root,
        label_file='image_labels/val.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
    )
)
