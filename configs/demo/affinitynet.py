# AffinityNet and pseudo-labels on the rendered demo set, see ../msrc/affinitynet.py.
_base_ = '../msrc/affinitynet.py'
data_root = 'data/demo/'
mask_dir = data_root + 'SegmentationClass'
label_dataset = dict(data_root=data_root)
affinity_labels = dict(mask_dir=mask_dir)
pseudo_labels = dict(mask_dir=mask_dir)
train_dataloader = dict(dataset=dict(data_root=data_root))
max_epochs = 3
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
