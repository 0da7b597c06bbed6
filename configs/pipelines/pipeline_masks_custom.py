# From tags to masks on your own images, as `mmwsss masks` runs it: docs/own_images.md. That command
# writes a config that inherits this one and names the images, the classes and the splits.
_base_ = './_base_/stages.py'
work_dir = 'work_dirs/pipeline_masks_custom'
configs = dict(
    classifier='configs/custom/cam_efficientnet-lite0_custom.py',
    affinitynet='configs/custom/affinitynet_efficientnet-lite0_custom.py',
    segmentor='configs/custom/deeplabv2_efficientnet-lite0_custom.py',
)
stages = dict(
    _delete_=True,
    classifier=_base_.stages.classifier,
    cams=dict(tool='test', config='classifier', checkpoint='classifier', title='response maps'),
    affinity_labels=dict(_base_.stages.affinity_labels, title='affinity labels'),
    affinitynet=_base_.stages.affinitynet,
    # Every pixel of every tagged image (whole_dir); and what the segmentor learns from, in which
    # pixels are left out of which the random walk is not sure.
    masks=dict(
        _base_.stages.pseudo_labels,
        title='masks',
        cfg_options=dict(pseudo_labels=dict(whole_dir='whole')),
    ),
    segmentor=dict(_base_.stages.segmentor, inputs={'train_dataloader.dataset.label_dir': 'masks'}),
    test=dict(_base_.stages.test, title='masks of the segmentor'),
)
report = dict(
    _delete_=True,
    title='From tags to masks',
    dataset=dict(
        type='ImageLevelDataset',
        data_root='data/custom/',
        ann_file='val.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='images'),
        negatives='keep',
    ),
    columns={'response map': 'cams', 'mask': 'masks', 'segmentor': 'test'},
    bars=[],
    images=24,
)
