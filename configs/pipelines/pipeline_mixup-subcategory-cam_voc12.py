# Mixup-CAM and sub-categories together, which the thesis did not try, from labels to masks on VOC
# 2012.
_base_ = ['./_base_/splits_voc12.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_mixup-subcategory-cam_voc12'
configs = dict(classifier='configs/voc12/mixup-subcategory-cam_resnet38_voc12.py')
