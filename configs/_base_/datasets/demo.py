# Rendered scenes of 7 classes, made by tools/dataset_converters/demo.py: 160 images to train, 60
# to measure, 256x192.
_base_ = './msrc_objects.py'
data_root = 'data/demo/'
# With the base's lengths up to 512, a crop of 224 would often miss the labelled objects.
train_pipeline = [
    dict(step, lengths=(240, 384)) if step['type'] == 'RandomResizeLongSide' else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
