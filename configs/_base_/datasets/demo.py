# Rendered scenes of 7 classes, made by tools/dataset_converters/demo.py: 160 pictures to train, 60
# to measure, 256x192.
_base_ = './msrc_objects.py'
data_root = 'data/demo/'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
