# Networks of VOC-8: labels for its 1,200 training images, measured there and on the 300 of val.
_base_ = './splits_voc_layout.py'
configs = dict(
    affinitynet='configs/voc8/affinitynet_efficientnet-lite0_voc8.py',
    segmentor='configs/voc8/deeplabv2_efficientnet-lite0_voc8.py',
)
report = dict(dataset=dict(data_root='data/voc8/'))
