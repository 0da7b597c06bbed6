# AffinityNet of ResNet-50 on COCO 2014: stages 2 to 4 of the classifier's backbone, the first at
# stride 8, the others at stride 16 and resized to it.
_base_ = './affinitynet_resnet38_coco14.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        out_indices=(1, 2, 3),
        frozen_stages=1,
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    head=dict(in_channels=(512, 1024, 2048)),
)
cam_store = 'work_dirs/cam_resnet50_coco14/cams'
affinity_dir = 'work_dirs/affinitynet_resnet50_coco14/affinity_labels'
affinity_labels = dict(cam_store=cam_store, out_dir=affinity_dir)
train_dataloader = dict(dataset=dict(affinity_dir=affinity_dir))
pseudo_labels = dict(
    cam_store=cam_store, out_dir='work_dirs/affinitynet_resnet50_coco14/pseudo_labels'
)
