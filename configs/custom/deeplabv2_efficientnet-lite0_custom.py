# DeepLab-v2's head on EfficientNet-Lite0 for your own images; its test writes masks of val.txt.
_base_ = ['./classes.py', '../msrc/deeplabv2_efficientnet-lite0_msrc.py']
dataset = dict(
    data_root='data/custom/',
    metainfo=dict(classes=_base_.own_classes),
    data_prefix=dict(_delete_=True, img_path='images'),
)
model = dict(decode_head=dict(num_classes=1 + len(_base_.own_classes)))
label_dir = 'work_dirs/affinitynet_efficientnet-lite0_custom/pseudo_labels'
train_dataloader = dict(dataset=dict(**dataset, ann_file='train.txt', label_dir=label_dir))
val_cfg = None
val_dataloader = None
val_evaluator = None
test_dataloader = dict(dataset=dict(**dataset, ann_file='val.txt', pipeline=_base_.test_pipeline))
test_evaluator = [dict(type='mmwsss.MaskIoUMetric', format_only=True)]
