# Plain CAM of two classes of VOC-8 by the recipe of cam_efficientnet-lite0_voc8.py, from the 497
# images that show dogs or horses: 155 steps. In masks everything else is background. The data:
#   python tools/dataset_converters/choose_classes.py data/voc8 data/voc8-dog-horse \
#       --classes dog horse
_base_ = './cam_efficientnet-lite0_voc8.py'
num_classes = 2
model = dict(
    data_preprocessor=dict(num_classes=num_classes),
    backbone=dict(frozen_stages=2),  # as measured for docs/own_images.md
    head=dict(num_classes=num_classes),
)
_dataset = dict(data_root='data/voc8-dog-horse/', negatives='keep')  # the label file lists them
train_dataloader = dict(dataset=_dataset)
val_dataloader = dict(dataset=_dataset)
test_dataloader = val_dataloader
max_epochs = 5
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
