# Plain CAM, the baseline, from labels to masks on VOC 2012.
_base_ = ['./_base_/splits_voc12.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_cam_voc12'
configs = dict(classifier='configs/cam.py')
stages = _base_.cam_figures
