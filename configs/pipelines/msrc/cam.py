# Plain CAM from labels to masks on msrc_objects.
_base_ = ['../_base_/msrc.py', '../_base_/thesis.py']
work_dir = 'work_dirs/pipelines/msrc/cam'
configs = dict(classifier='configs/msrc/cam.py')
stages = _base_.cam_figures
