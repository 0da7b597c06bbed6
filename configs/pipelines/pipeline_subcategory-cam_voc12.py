# Sub-category exploration (chapter 3) from labels to masks on VOC 2012.
_base_ = ['./_base_/splits_voc12.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_subcategory-cam_voc12'
configs = dict(classifier='configs/subcategory_cam.py')
stages = dict(_base_.subcategory_figures, cams=dict(), cams_train=_base_.subcategory_figures.cams)
