# Networks of COCO 2014: labels for the 82,081 images of train, measured there and on the 40,137 of
# val.
_base_ = './splits_voc_layout.py'
configs = dict(
    affinitynet='configs/coco14/affinitynet_resnet38_coco14.py',
    segmentor='configs/coco14/deeplabv2_r101-d8_coco14.py',
)
report = dict(
    dataset=dict(data_root='data/coco14/', data_prefix=dict(img_path=''), negatives='keep')
)
