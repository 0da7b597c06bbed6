# Both chapters in one from labels to masks on msrc_objects.
_base_ = ['../_base_/msrc.py', '../_base_/thesis.py']
work_dir = 'work_dirs/pipelines/msrc/mixup_subcategory_cam'
configs = dict(classifier='configs/msrc/mixup_subcategory_cam.py')
