# Plain CAM of ResNet-50 on COCO 2014 with the thesis's settings for VOC.
_base_ = [
    '../_base_/models/cam_resnet50.py',
    '../_base_/datasets/coco14.py',
    '../_base_/schedules/adam_15e.py',
    '../_base_/cam_evaluation.py',
    '../_base_/default_runtime.py',
]
num_classes = 80
model = dict(data_preprocessor=dict(num_classes=num_classes), head=dict(num_classes=num_classes))
