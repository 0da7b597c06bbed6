# DeepLab-v2's head on EfficientNet-Lite0 for the rendered demo set.
_base_ = '../msrc/deeplabv2_efficientnet-lite0_msrc.py'
data_root = 'data/demo/'
metainfo = dict(classes=('ambulance', 'crane', 'deer', 'elephant', 'fire_engine', 'lion', 'ram'))
model = dict(decode_head=dict(num_classes=8))
label_dir = 'work_dirs/affinitynet_efficientnet-lite0_demo/pseudo_labels'
train_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo, label_dir=label_dir))
val_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo))
test_dataloader = val_dataloader
max_iters = 150
param_scheduler = dict(end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters // 3))
