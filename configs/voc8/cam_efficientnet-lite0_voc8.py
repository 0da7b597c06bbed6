# Plain CAM of EfficientNet-Lite0 on VOC-8, for two CPU cores, by the best recipe found for it
# (docs/voc8.md): the first four stages and BatchNorm's statistics stay as ImageNet trained them.
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
    backbone=dict(frozen_stages=4, norm_eval=True),
    head=dict(num_classes=num_classes),
    channels_last=True,
)
optim_wrapper = dict(optimizer=dict(lr=2.5e-4))
