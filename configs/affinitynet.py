# From response maps to pseudo-labels on VOC 2012 as PSA does: affinity labels, AffinityNet, random
# walk, CRF. docs/pseudo_labels.md has the commands.
_base_ = [
    './_base_/models/affinity_resnet38.py',
    './_base_/datasets/voc12_aug.py',
    './_base_/schedules/sgd_15e.py',
    './_base_/affinity_runtime.py',
]
cam_store = 'work_dirs/mixup_cam/cams'
affinity_dir = 'work_dirs/affinitynet/affinity_labels'
# Of the 10,582 images, the 1,464 of train have masks to measure with.
mask_dir = _base_.data_root + 'SegmentationClass'
label_dataset = {
    key: value for key, value in _base_.train_dataloader.dataset.items() if key != 'pipeline'
}

# tools/make_affinity_labels.py
affinity_labels = dict(cam_store=cam_store, out_dir=affinity_dir, mask_dir=mask_dir)

# tools/train.py. To start from the classifier: load_from='work_dirs/mixup_cam/epoch_15.pth'.
# The steps of _base_/affinity_runtime.py for the crop and the mean of VOC's dataset.
_own = {
    'mmseg.RandomCrop': dict(crop_size=_base_.crop_size),
    'PadWithLabels': dict(size=_base_.crop_size, pad_value=_base_.pad_value),
}
train_pipeline = [dict(step, **_own.get(step['type'], {})) for step in _base_.affinity_pipeline]
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
