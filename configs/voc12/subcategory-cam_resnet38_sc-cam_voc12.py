# Sub-category exploration as the published code of SC-CAM trains it: crops of 224, a rate of 0.01,
# rounds 1 to 3 of 30, 40 and 50 epochs, no 3×3 convolution, clusters of the backbone's channels.
# Round 0 is the published classifier of PSA (docs/backbones.md converts it).
_base_ = ['./cam_resnet38_sgd-15e_voc12.py', '../_base_/subcategory_terms.py']
load_from = 'data/weights/psa_cls.pth'
model = dict(head=_base_.sub_category_head)
crop_size = 224
_own = {
    'mmpretrain.RandomCrop': dict(crop_size=crop_size),
    'RandomPad': dict(size=crop_size),
}
train_pipeline = [dict(step, **_own.get(step['type'], {})) for step in _base_.train_pipeline]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(optimizer=dict(lr=0.01))
epochs = [0, 30, 40, 50]
default_hooks = dict(
    sub_category=dict(
        **_base_.sub_category_hook,
        epochs=epochs,
        stage='backbone',
        clusterer=dict(type='KMeans', reduced_start=False),
    )
)
train_cfg = dict(max_epochs=sum(epochs), val_interval=10)
