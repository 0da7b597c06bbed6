# Splits and networks of VOC-8: labels for its 1,200 training images, measured there and on the
# 300 of val.
_base_ = './stages.py'
_train = dict(ann_file='ImageSets/Segmentation/train.txt')
_val = dict(ann_file='ImageSets/Segmentation/val.txt')
configs = dict(
    affinitynet='configs/voc8/affinitynet_efficientnet-lite0_voc8.py',
    segmentor='configs/voc8/deeplabv2_efficientnet-lite0_voc8.py',
)
stages = dict(
    cams=dict(cfg_options=dict(test_dataloader=dict(dataset=_train))),
    walk_val=dict(cfg_options=dict(label_dataset=_val)),
    # Labels to look at: no pixel is left out.
    pseudo_labels_val=dict(
        cfg_options=dict(label_dataset=_val, pseudo_labels=dict(ignore_below=0.0))
    ),
)
report = dict(
    dataset=dict(
        type='ImageLevelDataset',
        data_root='data/voc8/',
        label_file='image_labels.json',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        **_val,
    )
)
