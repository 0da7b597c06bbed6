# Short training of a small network on a small set: AdamW, the head at ten times the rate.
_base_ = './adam_15e.py'
max_epochs = 6
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=5e-4, weight_decay=1e-2),
    paramwise_cfg=dict(norm_decay_mult=0.0, custom_keys={'head.': dict(lr_mult=10.0)}),
)
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
