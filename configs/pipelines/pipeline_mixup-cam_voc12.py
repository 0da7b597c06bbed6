# Mixup-CAM (chapter 2) from labels to masks on VOC 2012.
_base_ = ['./_base_/splits_voc12.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_mixup-cam_voc12'
configs = dict(classifier='configs/mixup_cam.py')
stages = dict(_base_.mixup_cam_figures, cams=dict(), cams_train=_base_.mixup_cam_figures.cams)
