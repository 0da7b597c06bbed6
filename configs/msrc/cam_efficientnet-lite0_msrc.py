# Plain CAM of EfficientNet-Lite0 on msrc_objects, for two CPU cores; see docs/results.md.
_base_ = [
    '../_base_/models/cam_efficientnet-lite0.py',
    '../_base_/datasets/msrc_objects.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/cam_evaluation.py',
    '../_base_/default_runtime.py',
]
num_classes = 14
model = dict(
    data_preprocessor=dict(num_classes=num_classes),
    backbone=dict(frozen_stages=2),
    head=dict(num_classes=num_classes),
    # Images of 320 x 213 pixels: one view at the scale of the larger training lengths.
    test_cfg=dict(scales=(1.5,), flip=False),
    channels_last=True,
)
default_hooks = dict(logger=dict(interval=18))
