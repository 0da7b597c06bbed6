# Mixup and class-wise entropy (2.3), a row of Table 2.1, from labels to masks on msrc_objects.
_base_ = ['./_base_/splits_msrc.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_mixup-entropy_msrc'
configs = dict(classifier='configs/msrc/mixup-entropy_efficientnet-lite0_msrc.py')
stages = _base_.mixup_entropy_figures
