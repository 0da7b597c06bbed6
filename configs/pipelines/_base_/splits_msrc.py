# Splits and networks of msrc_objects: labels for its 294 training images, measured there and on
# the 102 of val.
_base_ = './stages.py'
_train = dict(ann_file='ImageSets/Segmentation/train.txt')
_val = dict(ann_file='ImageSets/Segmentation/val.txt')
configs = dict(
    affinitynet='configs/msrc/affinitynet_efficientnet-lite0_msrc.py',
    segmentor='configs/msrc/deeplabv2_efficientnet-lite0_msrc.py',
)
stages = dict(
    cams=dict(cfg_options=dict(test_dataloader=dict(dataset=_train))),
    walk=dict(cfg_options=dict(pseudo_labels=dict(refiner=dict(t=5)))),
    walk_val=dict(cfg_options=dict(label_dataset=_val, pseudo_labels=dict(refiner=dict(t=5)))),
    # Labels to look at: no pixel is left out.
    pseudo_labels_val=dict(
        cfg_options=dict(label_dataset=_val, pseudo_labels=dict(ignore_below=0.0))
    ),
)
report = dict(
    dataset=dict(
        type='ImageLevelDataset',
        data_root='data/msrc_objects/',
        label_file='image_labels.json',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        **_val,
    )
)
