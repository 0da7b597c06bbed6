# A dataset in VOC's layout: labels for the images of train, measured there and on those of val. A
# dataset adds its networks, and its folder to the report.
_base_ = './stages.py'
_train = dict(ann_file='ImageSets/Segmentation/train.txt')
_val = dict(ann_file='ImageSets/Segmentation/val.txt')
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
        label_file='image_labels.json',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        **_val,
    )
)
