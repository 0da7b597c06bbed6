# Rendered scenes of 7 classes, made by tools/dataset_converters/demo.py: 160 images to train, 60
# to measure, 256x192.
_base_ = './msrc_objects.py'
data_root = 'data/demo/'
# Larger lengths cut labelled objects off: a crop holds little of a 512 pixel wide image.
train_pipeline = [
    dict(step, lengths=(240, 384)) if step['type'] == 'RandomResizeLongSide' else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
