# Plain CAM, the baseline, from labels to masks on VOC 2012.
_base_ = ['./_base_/voc12.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipelines/cam'
configs = dict(
    classifier='configs/cam.py',
    affinitynet='configs/affinitynet.py',
    segmentor='configs/deeplabv2_pseudo.py',
)
stages = _base_.cam_figures
