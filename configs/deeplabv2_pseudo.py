# DeepLab-v2 on pseudo-labels of VOC 2012, from ImageNet weights: no label but the image-level ones.
_base_ = [
    './_base_/models/deeplabv2_r101-d8.py',
    './_base_/datasets/voc12_pseudo.py',
    './_base_/schedules/deeplabv2_20k.py',
    './_base_/segmentation_runtime.py',
]
