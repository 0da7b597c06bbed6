# AffinityNet and pseudo-labels for your own images, without masks; see ../msrc/affinitynet.py.
_base_ = '../msrc/affinitynet.py'
data_root = 'data/custom/'
label_dataset = dict(data_root=data_root, ann_file='train.txt', data_prefix=dict(img_path='images'))
mask_dir = None
cam_store = 'work_dirs/mixup_cam/cams'
affinity_labels = dict(cam_store=cam_store, mask_dir=mask_dir)
pseudo_labels = dict(
    cam_store=cam_store,
    mask_dir=mask_dir,
    refiner=dict(
        refiners=[
            dict(type='RandomWalkRefiner', beta=8, t=6),
            dict(type='KeepConfidence'),  # ignore_below goes by the walk's scores
            dict(type='CRFRefiner', settings='segmentation'),
        ]
    ),
)
train_dataloader = dict(dataset=dict(**label_dataset))
