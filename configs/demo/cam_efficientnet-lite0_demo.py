# Plain CAM on the rendered demo set, small enough for two CPU cores.
_base_ = [
    '../_base_/models/cam_efficientnet-lite0.py',
    '../_base_/datasets/demo.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/cam_evaluation.py',
    '../_base_/default_runtime.py',
]
num_classes = 7
model = dict(
    data_preprocessor=dict(num_classes=num_classes),
    backbone=dict(frozen_stages=2),
    head=dict(num_classes=num_classes),
    test_cfg=dict(scales=(1.5,), flip=False),
    channels_last=True,
)
default_hooks = dict(logger=dict(interval=10))
