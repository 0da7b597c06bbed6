# VOC-8, eight classes of PASCAL VOC 2012 and SBD: pseudo-labels to train, masks to measure.
_base_ = './msrc_pseudo.py'
data_root = 'data/voc8/'
classes = ('cat', 'chair', 'cow', 'dog', 'horse', 'person', 'sheep', 'sofa')
# Written by tools/make_pseudo_labels.py configs/voc8/affinitynet_efficientnet-lite0_voc8.py.
# To train on the true masks, as an upper limit:
#   --cfg-options train_dataloader.dataset.label_dir=data/voc8/SegmentationClass
label_dir = 'work_dirs/affinitynet_efficientnet-lite0_voc8/pseudo_labels'
# Images of 500 pixels: smaller ones, so that a crop holds a part of the scene.
_resize = dict(
    type='RandomChoice',
    transforms=[
        [dict(type='mmwsss.Resize', scale_factor=scale, keep_ratio=True)]
        for scale in (0.5, 0.75, 1.0)
    ],
)
train_pipeline = [
    _resize if step['type'] == 'RandomChoice' else step for step in _base_.train_pipeline
]
_dataset = dict(data_root=data_root, metainfo=dict(classes=classes))
train_dataloader = dict(dataset=dict(**_dataset, label_dir=label_dir, pipeline=train_pipeline))
val_dataloader = dict(dataset=_dataset)
test_dataloader = dict(dataset=_dataset)
