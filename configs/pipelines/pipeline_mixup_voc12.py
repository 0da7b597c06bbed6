# Mixup (2.2) alone, a row of Table 2.1, from labels to masks on VOC 2012.
_base_ = ['./_base_/splits_voc12.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_mixup_voc12'
configs = dict(classifier='configs/voc12/mixup_resnet38_voc12.py')
stages = dict(_base_.mixup_figures, cams=dict(), cams_train=_base_.mixup_figures.cams)
