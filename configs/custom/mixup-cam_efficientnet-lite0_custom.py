# Mixup-CAM on your own images, without masks; docs/data.md says how to prepare them.
_base_ = [
    './classes.py',
    '../_base_/models/cam_efficientnet-lite0.py',
    '../_base_/datasets/custom.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
    '../_base_/mixup_terms.py',
]
num_classes = len(_base_.own_classes)
model = dict(
    data_preprocessor=dict(num_classes=num_classes),
    backbone=dict(frozen_stages=2),
    head=dict(
        type='MixupCAMHead',
        num_classes=num_classes,
        regularizers=_base_.mixup_cam.head.regularizers,
    ),
    train_cfg=dict(augments=[_base_.mixup]),
    test_cfg=dict(scales=(0.5, 1.0), flip=True),
    channels_last=True,
)
val_cfg = None
val_dataloader = None
test_evaluator = []  # no masks, so nothing to measure
default_hooks = dict(logger=dict(interval=10))
