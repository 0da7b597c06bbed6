# Sub-categories of ResNet-50 from labels to masks on COCO 2014.
_base_ = './_base_/splits_coco14.py'
work_dir = 'work_dirs/pipeline_subcategory-cam-resnet50_coco14'
configs = dict(
    classifier='configs/coco14/subcategory-cam_resnet50_coco14.py',
    affinitynet='configs/coco14/affinitynet_resnet50_coco14.py',
)
