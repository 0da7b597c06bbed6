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
# Large photos are refined and learnt from at this many pixels on the long side, as the classifier
# sees them; labels have the photo's size.
max_size = 512
affinity_labels = dict(
    cam_store=cam_store, out_dir=affinity_dir, mask_dir=mask_dir, max_size=max_size
)
pseudo_labels = dict(
    cam_store=cam_store,
    out_dir='work_dirs/affinitynet_efficientnet-lite0_custom/pseudo_labels',
    mask_dir=mask_dir,
    max_size=max_size,
    refiner=dict(
        refiners=[
            dict(type='RandomWalkRefiner', beta=8, t=6),
            dict(type='KeepConfidence'),  # ignore_below judges the random walk's scores
            dict(type='CRFRefiner', settings='segmentation'),
        ]
    ),
)
train_pipeline = [
    dict(type='LoadImage', shrink_to=max_size),
    _base_.train_pipeline[1],  # LoadAffinityLabel
    dict(type='LimitSize', max_size=max_size),
    *_base_.train_pipeline[2:],
]
train_dataloader = dict(
    dataset=dict(**label_dataset, affinity_dir=affinity_dir, pipeline=train_pipeline)
)
