# Plain CAM of ResNet-38 from labels to masks on COCO 2014.
_base_ = './_base_/splits_coco14.py'
work_dir = 'work_dirs/pipeline_cam_coco14'
configs = dict(classifier='configs/coco14/cam_resnet38_coco14.py')
