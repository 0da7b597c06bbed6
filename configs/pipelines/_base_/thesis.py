# mIoU of each stage in the thesis: VOC 2012, ResNet-38, in the test ResNet-101 with CRF.
# Tables 2.1 and 3.1, rows AffinityNet; Table 2.2, AffinityNet with ResNet-101. These response maps
# are of AffinityNet's own classifier, whose recipe is not the thesis's: what the rows below gain on
# it is not the gain of mixup or of sub-categories alone.
cam_figures = dict(
    cams=dict(reference=48.0),
    cams_val=dict(reference=46.8),
    walk=dict(reference=58.1),
    walk_val=dict(reference=57.0),
    test=dict(reference=61.9),
)
# Table 2.1, rows 2 to 4.
mixup_figures = dict(cams=dict(reference=49.3), walk=dict(reference=60.5))
mixup_entropy_figures = dict(cams=dict(reference=49.5), walk=dict(reference=61.6))
mixup_concentration_figures = dict(cams=dict(reference=49.9), walk=dict(reference=61.7))
# Tables 2.1 and 2.2, last rows.
mixup_cam_figures = dict(
    cams=dict(reference=50.1), walk=dict(reference=61.9), test=dict(reference=65.6)
)  # fmt: skip
# Tables 3.1 and 3.4, last rows.
subcategory_figures = dict(
    cams=dict(reference=50.9),
    cams_val=dict(reference=49.6),
    walk=dict(reference=63.4),
    walk_val=dict(reference=61.2),
    test=dict(reference=66.1),
)
