# Plain CAM on the rendered demo set, small enough for two CPU cores.
_base_ = [
    '../_base_/models/cam_efficientnet-lite0.py',
    '../_base_/datasets/demo.py',
    '../_base_/schedules/sgd_15e.py',
    '../_base_/cam_evaluation.py',
    '../_base_/default_runtime.py',
]
num_classes = 7
model = dict(
    data_preprocessor=dict(num_classes=num_classes),
    backbone=dict(frozen_stages=2),
    head=dict(num_classes=num_classes),
    test_cfg=dict(scales=(1.0, 1.5)),
    channels_last=True,
)
max_epochs = 6
optim_wrapper = dict(optimizer=dict(lr=0.03, momentum=0.9))
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
