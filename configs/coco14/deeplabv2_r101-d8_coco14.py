# DeepLab-v2 of ResNet-101 on pseudo-labels of COCO 2014, for the 100,000 iterations that its
# published code trains on COCO-Stuff.
_base_ = [
    '../_base_/models/deeplabv2_r101-d8.py',
    '../_base_/datasets/coco14_pseudo.py',
    '../_base_/schedules/deeplabv2_20k.py',
    '../_base_/segmentation_runtime.py',
]
model = dict(decode_head=dict(num_classes=81))
max_iters = 100000
param_scheduler = [dict(_base_.param_scheduler[0], end=max_iters)]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 5)
