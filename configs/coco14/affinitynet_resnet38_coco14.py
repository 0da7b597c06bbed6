# Affinity labels, AffinityNet of ResNet-38 and pseudo-labels on COCO 2014, as on VOC.
_base_ = '../affinitynet.py'
data_root = 'data/coco14/'
cam_store = 'work_dirs/cam_resnet38_coco14/cams'
affinity_dir = 'work_dirs/affinitynet_resnet38_coco14/affinity_labels'
mask_dir = data_root + 'SegmentationClass'
_dataset = dict(
    data_root=data_root,
    ann_file='ImageSets/Segmentation/train.txt',
    label_file='image_labels.json',
    data_prefix=dict(img_path=''),
    negatives='keep',
)
label_dataset = dict(type='ImageLevelDataset', **_dataset)
affinity_labels = dict(cam_store=cam_store, out_dir=affinity_dir, mask_dir=mask_dir)
train_dataloader = dict(dataset=dict(type='AffinityDataset', affinity_dir=affinity_dir, **_dataset))
pseudo_labels = dict(
    cam_store=cam_store,
    out_dir='work_dirs/affinitynet_resnet38_coco14/pseudo_labels',
    mask_dir=mask_dir,
)
