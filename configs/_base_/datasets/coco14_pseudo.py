# MS COCO 2014, 80 classes: pseudo-labels of 82,081 images to train, masks to measure.
_base_ = './voc12_pseudo.py'
dataset_type = 'mmwsss.PseudoLabelDataset'
data_root = 'data/coco14/'
classes = (
    'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat',
    'traffic light', 'fire hydrant', 'stop sign', 'parking meter', 'bench', 'bird', 'cat', 'dog',
    'horse', 'sheep', 'cow', 'elephant', 'bear', 'zebra', 'giraffe', 'backpack', 'umbrella',
    'handbag', 'tie', 'suitcase', 'frisbee', 'skis', 'snowboard', 'sports ball', 'kite',
    'baseball bat', 'baseball glove', 'skateboard', 'surfboard', 'tennis racket', 'bottle',
    'wine glass', 'cup', 'fork', 'knife', 'spoon', 'bowl', 'banana', 'apple', 'sandwich', 'orange',
    'broccoli', 'carrot', 'hot dog', 'pizza', 'donut', 'cake', 'chair', 'couch', 'potted plant',
    'bed', 'dining table', 'toilet', 'tv', 'laptop', 'mouse', 'remote', 'keyboard', 'cell phone',
    'microwave', 'oven', 'toaster', 'sink', 'refrigerator', 'book', 'clock', 'vase', 'scissors',
    'teddy bear', 'hair drier', 'toothbrush',
)  # fmt: skip
# Written by tools/make_pseudo_labels.py configs/coco14/affinitynet_resnet38_coco14.py.
# To train on the true masks, as an upper limit:
#   --cfg-options train_dataloader.dataset.label_dir=data/coco14/SegmentationClass
label_dir = 'work_dirs/affinitynet_resnet38_coco14/pseudo_labels'
_dataset = dict(
    type=dataset_type,
    data_root=data_root,
    metainfo=dict(classes=classes),
    data_prefix=dict(img_path=''),  # the lists name images by COCO's own folders
)
train_dataloader = dict(
    dataset=dict(**_dataset, ann_file='ImageSets/Segmentation/train.txt', label_dir=label_dir)
)
val_dataloader = dict(dataset=_dataset)
test_dataloader = dict(dataset=_dataset)
