# DeepLab-v2's head on EfficientNet-Lite0 for VOC-8.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet-lite0.py',
    '../_base_/datasets/voc8_pseudo.py',
    '../_base_/schedules/deeplabv2_adamw.py',
    '../_base_/segmentation_runtime.py',
]
model = dict(backbone=dict(frozen_stages=2), decode_head=dict(num_classes=9))
max_iters = 600
param_scheduler = dict(end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters // 3))
test_evaluator = [
    dict(type='mmwsss.MaskIoUMetric', iou_metrics=['mIoU'], classwise=True),
    dict(
        type='mmwsss.CRFIoUMetric',
        iou_metrics=['mIoU'],
        classwise=True,
        min_probability=0.05,
        workers=2,
    ),
]
