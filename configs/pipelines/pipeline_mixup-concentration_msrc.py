# Mixup and concentration (2.4), a row of Table 2.1, from labels to masks on msrc_objects.
_base_ = ['./_base_/splits_msrc.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_mixup-concentration_msrc'
configs = dict(classifier='configs/msrc/mixup-concentration_efficientnet-lite0_msrc.py')
stages = _base_.mixup_concentration_figures
