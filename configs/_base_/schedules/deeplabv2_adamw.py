# AdamW for DeepLab-v2's head on a small network: 300 iterations, minutes on two cores. A config
# with another number sets max_iters, and each setting that follows from it.
_base_ = './deeplabv2_20k.py'
max_iters = 300
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, weight_decay=1e-2),
    paramwise_cfg=dict(norm_decay_mult=0.0),
)
# One rule, so that a config may change its end alone.
param_scheduler = dict(
    _delete_=True,
    type='mmwsss.StepPolyLR',
    power=0.9,
    eta_min=0.0,
    begin=0,
    end=max_iters,
    by_epoch=False,
)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
