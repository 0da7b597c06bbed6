# The same with 703 negatives, images without dogs and horses: 150 steps.
_base_ = './cam-two-classes_efficientnet-lite0_voc8.py'
train_dataloader = dict(dataset=dict(ann_file='ImageSets/Segmentation/train_negatives.txt'))
max_epochs = 2
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
