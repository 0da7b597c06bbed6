# Plain CAM by the published recipe, AffinityNet of Tables 2.1 and 3.1, from labels to masks on VOC
# 2012. The thesis quotes this recipe's 48.0; it has no figure of its own recipe without mixup.
_base_ = './pipeline_cam_voc12.py'
work_dir = 'work_dirs/pipeline_cam-published_voc12'
configs = dict(classifier='configs/voc12/cam_resnet38_sgd-15e_voc12.py')
