# AffinityNet and pseudo-labels on the rendered demo set.
_base_ = '../msrc/affinitynet_efficientnet-lite0_msrc.py'
data_root = 'data/demo/'
mask_dir = data_root + 'SegmentationClass'
label_dataset = dict(data_root=data_root)
cam_store = 'work_dirs/cam_efficientnet-lite0_demo/cams'
affinity_dir = 'work_dirs/affinitynet_efficientnet-lite0_demo/affinity_labels'
affinity_labels = dict(cam_store=cam_store, out_dir=affinity_dir, mask_dir=mask_dir)
pseudo_labels = dict(
    cam_store=cam_store,
    out_dir='work_dirs/affinitynet_efficientnet-lite0_demo/pseudo_labels',
    mask_dir=mask_dir,
)
train_dataloader = dict(dataset=dict(data_root=data_root, affinity_dir=affinity_dir))
max_epochs = 3
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
