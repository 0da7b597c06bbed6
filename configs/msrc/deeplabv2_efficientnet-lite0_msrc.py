# DeepLab-v2's head on EfficientNet-Lite0 for msrc_objects: minutes on two cores.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet-lite0.py',
    '../_base_/datasets/msrc_pseudo.py',
    '../_base_/schedules/deeplabv2_adamw.py',
    '../_base_/segmentation_runtime.py',
]
model = dict(backbone=dict(frozen_stages=2), decode_head=dict(num_classes=15))
default_hooks = dict(checkpoint=dict(interval=_base_.max_iters // 3))
# The CRF's standard deviation of positions suits images of 320×213; its default suits 500×375.
test_evaluator = [
    dict(type='mmwsss.MaskIoUMetric', iou_metrics=['mIoU'], classwise=True),
    dict(
        type='mmwsss.CRFIoUMetric',
        iou_metrics=['mIoU'],
        classwise=True,
        crf=dict(bilateral_sxy=40),
        min_probability=0.05,
        workers=2,
    ),
]
