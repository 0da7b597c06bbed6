# AffinityNet and pseudo-labels on VOC-8, with the settings of msrc_objects.
_base_ = '../msrc/affinitynet_efficientnet-lite0_msrc.py'
data_root = 'data/voc8/'
cam_store = 'work_dirs/cam_efficientnet-lite0_voc8/cams'
affinity_dir = 'work_dirs/affinitynet_efficientnet-lite0_voc8/affinity_labels'
mask_dir = data_root + 'SegmentationClass'
label_dataset = dict(data_root=data_root)
affinity_labels = dict(cam_store=cam_store, out_dir=affinity_dir, mask_dir=mask_dir)
train_dataloader = dict(dataset=dict(data_root=data_root, affinity_dir=affinity_dir))
pseudo_labels = dict(
    cam_store=cam_store,
    out_dir='work_dirs/affinitynet_efficientnet-lite0_voc8/pseudo_labels',
    refiner=dict(
        refiners=[
            dict(type='RandomWalkRefiner', beta=8, t=8),  # the thesis's, for maps of 47×63 cells
            dict(type='KeepConfidence'),
            dict(type='CRFRefiner', settings='segmentation'),
        ],
    ),
    mask_dir=mask_dir,
)
