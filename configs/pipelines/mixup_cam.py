# Chapter 2 from labels to masks on VOC 2012; reference: Tables 2.1 and 2.2.
_base_ = './_base_/voc12.py'
work_dir = 'work_dirs/pipelines/mixup_cam'
configs = dict(
    classifier='configs/mixup_cam.py',
    affinitynet='configs/affinitynet.py',
    segmentor='configs/deeplabv2_pseudo.py',
)
stages = dict(
    cams=dict(reference=50.1), walk=dict(reference=61.9), test=dict(reference=65.6)
)  # fmt: skip
