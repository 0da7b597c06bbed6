# The published code: SGD with poly decay, new layers ×10, no decay on biases; 0.1 in PSA, 0.01 in
# SC-CAM. Its third positional argument was meant as weight decay but is momentum: 5e-4 there.
_base_ = './adam_15e.py'
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='SGD', lr=0.1, momentum=5e-4, weight_decay=5e-4),
    paramwise_cfg=dict(
        bias_lr_mult=2.0, bias_decay_mult=0.0, custom_keys={'head.': dict(lr_mult=10.0)}
    ),
)
