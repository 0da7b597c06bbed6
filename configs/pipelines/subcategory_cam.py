# Chapter 3 from labels to masks on VOC 2012; reference: Tables 3.1 and 3.4.
_base_ = './mixup_cam.py'
work_dir = 'work_dirs/pipelines/subcategory_cam'
configs = dict(classifier='configs/subcategory_cam.py')
stages = dict(
    cams=dict(reference=50.9),
    cams_val=dict(reference=49.6),
    walk=dict(reference=63.4),
    walk_val=dict(reference=61.2),
    test=dict(reference=66.1),
)
