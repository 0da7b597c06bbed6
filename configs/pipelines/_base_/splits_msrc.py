# Networks of msrc_objects: labels for its 294 training images, measured there and on the 102 of
# val.
_base_ = './splits_voc_layout.py'
configs = dict(
    affinitynet='configs/msrc/affinitynet_efficientnet-lite0_msrc.py',
    segmentor='configs/msrc/deeplabv2_efficientnet-lite0_msrc.py',
)
_fewer_steps = dict(cfg_options=dict(pseudo_labels=dict(refiner=dict(t=5))))
stages = dict(walk=_fewer_steps, walk_val=_fewer_steps)
report = dict(dataset=dict(data_root='data/msrc_objects/'))
