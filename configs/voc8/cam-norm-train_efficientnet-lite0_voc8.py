# Plain CAM of EfficientNet-Lite0 on VOC-8, for two CPU cores, with BatchNorm in training mode: the
# recipe of configs/msrc, which most methods here were measured with.
_base_ = [
    '../_base_/models/cam_efficientnet-lite0.py',
    '../_base_/datasets/voc8.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/cam_evaluation.py',
    '../_base_/default_runtime.py',
]
num_classes = 8
model = dict(
    data_preprocessor=dict(num_classes=num_classes),
    backbone=dict(frozen_stages=2),
    head=dict(num_classes=num_classes),
    channels_last=True,
)
