# Mixup-CAM from labels to masks on VOC-8.
_base_ = ['./_base_/splits_voc8.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_mixup-cam_voc8'
configs = dict(classifier='configs/voc8/mixup-cam_efficientnet-lite0_voc8.py')
stages = _base_.mixup_cam_figures
