# From response maps to pseudo-labels on VOC 2012 as PSA does: affinity labels, AffinityNet, random
# walk, CRF. docs/pseudo_labels.md has the commands.
_base_ = [
    './_base_/models/affinity_resnet38.py',
    './_base_/datasets/voc12_aug.py',
    './_base_/schedules/sgd_15e.py',
    './_base_/default_runtime.py',
]
cam_store = 'work_dirs/mixup_cam/cams'
affinity_dir = 'work_dirs/affinitynet/affinity_labels'
# Of the 10,582 images, the 1,464 of train have masks to measure with.
mask_dir = _base_.data_root + 'SegmentationClass'
label_dataset = dict(
    type='VOCImageLevelDataset',
    data_root=_base_.data_root,
    label_file='image_labels/train_aug.txt',
    data_prefix=dict(img_path='JPEGImages'),
)

# tools/make_affinity_labels.py
affinity_labels = dict(
    cam_store=cam_store,
    out_dir=affinity_dir,
    foreground=dict(alpha=4),  # what remains foreground against this is sure
    background=dict(alpha=32),
    crf=dict(settings='affinity_label'),
    mask_dir=mask_dir,
)

# tools/train.py. To start from the classifier: load_from='work_dirs/mixup_cam/epoch_15.pth',
# which must have the same backbone.
default_hooks = dict(loaded_weights=dict(type='LoadedWeightsHook', prefixes=['backbone.']))
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadAffinityLabel'),
    dict(type='mmseg.RandomCrop', crop_size=_base_.crop_size),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='FastColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='PadWithLabels', size=_base_.crop_size, pad_value=_base_.pad_value),
    dict(type='PoolAffinityLabel', stride=8),
    dict(
        type='mmpretrain.PackInputs',
        algorithm_keys=('gt_affinity_label',),
        meta_keys=_base_.meta_keys,
    ),
]
train_dataloader = dict(
    batch_size=8,
    dataset=dict(type='VOCAffinityDataset', affinity_dir=affinity_dir, pipeline=train_pipeline),
)
max_epochs = 8
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
auto_scale_lr = dict(base_batch_size=8)
val_cfg = None
val_dataloader = None
val_evaluator = None
test_cfg = None
test_dataloader = None
test_evaluator = None

# tools/make_pseudo_labels.py
pseudo_labels = dict(
    cam_store=cam_store,
    out_dir='work_dirs/affinitynet/pseudo_labels',
    background=dict(alpha=16),
    refiner=dict(
        type='SequentialRefiner',
        refiners=[
            dict(type='RandomWalkRefiner', beta=8, t=8),
            dict(type='CRFRefiner', settings='cam'),
        ],
    ),
    ignore_below=dict(foreground=0.0, background=0.0),
    batch_size=4,
    mask_dir=mask_dir,
)
