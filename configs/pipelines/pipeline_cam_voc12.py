# Plain CAM by the thesis's recipe from labels to masks on VOC 2012. The thesis's figures are of the
# published recipe: pipeline_cam-published_voc12.py.
_base_ = ['./_base_/splits_voc12.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_cam_voc12'
configs = dict(classifier='configs/cam.py')
stages = dict(_base_.cam_figures, cams=dict(), cams_train=_base_.cam_figures.cams)
