# Mixup-CAM from labels to masks on msrc_objects.
_base_ = ['../_base_/msrc.py', '../_base_/thesis.py']
work_dir = 'work_dirs/pipelines/msrc/mixup_cam'
configs = dict(classifier='configs/msrc/mixup_cam.py')
stages = _base_.mixup_cam_figures
