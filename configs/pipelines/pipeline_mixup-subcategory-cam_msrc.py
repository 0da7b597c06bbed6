# Mixup-CAM and sub-categories together from labels to masks on msrc_objects.
_base_ = ['./_base_/splits_msrc.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_mixup-subcategory-cam_msrc'
configs = dict(classifier='configs/msrc/mixup-subcategory-cam_efficientnet-lite0_msrc.py')
