# Plain CAM of ResNet-38 on VOC 2012 with the thesis's settings: the baseline of Table 2.1.
_base_ = [
    './_base_/models/cam_resnet38.py',
    './_base_/datasets/voc12_aug.py',
    './_base_/schedules/adam_15e.py',
    './_base_/cam_evaluation.py',
    './_base_/default_runtime.py',
]
