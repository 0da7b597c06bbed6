# The published code's optimiser: SGD with poly decay, ten times the rate for new layers, twice that
# for their biases, no weight decay of biases. The rate is 0.1 in PSA, 0.01 in SC-CAM. The code
# gives its weight decay of 5e-4 in the place of momentum too, so that it is both.
_base_ = './adam_15e.py'
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='SGD', lr=0.1, momentum=5e-4, weight_decay=5e-4),
    paramwise_cfg=dict(
        bias_lr_mult=2.0,
        bias_decay_mult=0.0,
        custom_keys={
            'head.': dict(lr_mult=10.0),
            # A key takes the place of the factors for biases; the longest one counts.
            'head.adapter.conv.bias': dict(lr_mult=20.0, decay_mult=0.0),
        },
    ),
)
