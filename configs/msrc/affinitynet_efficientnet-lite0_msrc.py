# AffinityNet and pseudo-labels on msrc_objects. AdamW learns sharper affinities than SGD in as many
# epochs.
_base_ = [
    '../_base_/models/affinity_efficientnet-lite0.py',
    '../_base_/datasets/msrc_objects.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/affinity_runtime.py',
]
cam_store = 'work_dirs/cam_efficientnet-lite0_msrc/cams'
affinity_dir = 'work_dirs/affinitynet_efficientnet-lite0_msrc/affinity_labels'
mask_dir = _base_.data_root + 'SegmentationClass'
label_dataset = {
    key: value for key, value in _base_.train_dataloader.dataset.items() if key != 'pipeline'
}
affinity_labels = dict(cam_store=cam_store, out_dir=affinity_dir, mask_dir=mask_dir)

model = dict(backbone=dict(frozen_stages=3), channels_last=True)
train_pipeline = _base_.affinity_pipeline
train_dataloader = dict(
    batch_size=8,
    dataset=dict(type='AffinityDataset', affinity_dir=affinity_dir, pipeline=train_pipeline),
)
max_epochs = 4
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
auto_scale_lr = dict(base_batch_size=8)
val_cfg = None
val_dataloader = None
val_evaluator = None
test_cfg = None
test_dataloader = None
test_evaluator = None

pseudo_labels = dict(
    cam_store=cam_store,
    out_dir='work_dirs/affinitynet_efficientnet-lite0_msrc/pseudo_labels',
    background=dict(alpha=8),
    refiner=dict(
        type='SequentialRefiner',
        refiners=[
            # 2⁵ steps for maps of 27×40 cells, where VOC's have 47×63: docs/experiments.md.
            dict(type='RandomWalkRefiner', beta=8, t=5),
            dict(type='KeepConfidence'),
            dict(type='CRFRefiner', settings='segmentation'),
        ],
    ),
    # Pixels with lower scores after the random walk become 255, which trains nothing. The parts of
    # objects that labels miss are mostly background with a low score.
    ignore_below=dict(foreground=0.6, background=0.8),
    mask_dir=mask_dir,
)
