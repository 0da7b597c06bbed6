# AffinityNet and pseudo-labels for your own images, without masks.
_base_ = '../msrc/affinitynet_efficientnet-lite0_msrc.py'
data_root = 'data/custom/'
label_dataset = dict(
    data_root=data_root,
    ann_file='train.txt',
    data_prefix=dict(img_path='images'),
    negatives='keep',
)
mask_dir = None
cam_store = 'work_dirs/mixup-cam_efficientnet-lite0_custom/cams'
affinity_dir = 'work_dirs/affinitynet_efficientnet-lite0_custom/affinity_labels'
affinity_labels = dict(cam_store=cam_store, out_dir=affinity_dir, mask_dir=mask_dir)
pseudo_labels = dict(
    cam_store=cam_store,
    out_dir='work_dirs/affinitynet_efficientnet-lite0_custom/pseudo_labels',
    mask_dir=mask_dir,
    refiner=dict(
        refiners=[
            dict(type='RandomWalkRefiner', beta=8, t=6),
            dict(type='KeepConfidence'),  # ignore_below judges the random walk's scores
            dict(type='CRFRefiner', settings='segmentation'),
        ]
    ),
)
train_dataloader = dict(dataset=dict(**label_dataset, affinity_dir=affinity_dir))
