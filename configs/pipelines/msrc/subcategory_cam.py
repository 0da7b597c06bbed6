# Sub-category exploration from labels to masks on msrc_objects.
_base_ = ['../_base_/msrc.py', '../_base_/thesis.py']
work_dir = 'work_dirs/pipelines/msrc/subcategory_cam'
configs = dict(classifier='configs/msrc/subcategory_cam.py')
stages = _base_.subcategory_figures
