# Your own images from tags to masks, without a mask to learn or to measure from: docs/data.md.
_base_ = './_base_/stages.py'
work_dir = 'work_dirs/pipeline_mixup-cam_custom'
configs = dict(
    classifier='configs/custom/mixup-cam_efficientnet-lite0_custom.py',
    affinitynet='configs/custom/affinitynet_efficientnet-lite0_custom.py',
    segmentor='configs/custom/deeplabv2_efficientnet-lite0_custom.py',
)
_train = dict(test_dataloader=dict(dataset=dict(ann_file='train.txt')))
stages = dict(
    cams=dict(cfg_options=dict(_delete_=True, **_train)),
    cams_val=dict(cfg_options=dict(_delete_=True)),
    walk=None,
    walk_val=None,
    # Labels to look at: no pixel is left out.
    pseudo_labels_val=dict(
        cfg_options=dict(
            label_dataset=dict(ann_file='val.txt'), pseudo_labels=dict(ignore_below=0.0)
        )
    ),
    test=dict(title='masks, val'),
)
report = dict(
    dataset=dict(
        type='ImageLevelDataset',
        data_root='data/custom/',
        ann_file='val.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='images'),
    )
)
# Where no image is held out, what needs one is left out, and the report shows training images.
without = dict(
    file='data/custom/val.txt',
    settings=dict(
        stages=dict(cams_val=None, pseudo_labels_val=None, test=None),
        report=dict(
            dataset=dict(ann_file='train.txt'),
            columns={'CAM': 'cams', 'pseudo-label': 'pseudo_labels'},
            bars=[],
        ),
    ),
)
