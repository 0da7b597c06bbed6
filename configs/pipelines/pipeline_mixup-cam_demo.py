# The quick start: Mixup-CAM from labels to masks on the rendered demo set, in minutes on two cores.
_base_ = ['./_base_/splits_msrc.py', './_base_/thesis.py']
work_dir = 'work_dirs/pipeline_mixup-cam_demo'
configs = dict(
    classifier='configs/demo/mixup-cam_efficientnet-lite0_demo.py',
    affinitynet='configs/demo/affinitynet_efficientnet-lite0_demo.py',
    segmentor='configs/demo/deeplabv2_efficientnet-lite0_demo.py',
)
stages = dict(_base_.mixup_cam_figures, walk=None, walk_val=None)
report = dict(dataset=dict(data_root='data/demo/'))
