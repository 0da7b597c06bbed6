# Plain CAM as the published code of PSA trains it: SGD, and no 3×3 convolution in the head.
_base_ = [
    '../_base_/models/cam_resnet38.py',
    '../_base_/datasets/voc12_aug.py',
    '../_base_/schedules/sgd_15e.py',
    '../_base_/cam_evaluation.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(mid_channels=None))
