# DeepLab-v2 as published: SGD 2.5e-4, classifiers ×10, their biases ×20 and without decay, poly 0.9
# in steps of 10 iterations, 20,000 iterations of 10 images.
# Out of memory? Twice 5 images are the same: --cfg-options train_dataloader.batch_size=5
#   optim_wrapper.accumulative_counts=2 train_cfg.max_iters=40000 param_scheduler.0.end=40000
#   param_scheduler.0.interval=20
_base_ = './_base_/iterations_20k.py'
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=2.5e-4, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(
        custom_keys={
            'decode_head': dict(lr_mult=10.0),
            **{
                f'decode_head.conv_seg.{index}.bias': dict(lr_mult=20.0, decay_mult=0.0)
                for index in range(4)
            },
        }
    ),
)
param_scheduler = [
    dict(
        type='mmwsss.StepPolyLR',
        power=0.9,
        eta_min=0.0,
        begin=0,
        end=20000,
        by_epoch=False,
        interval=10,
    )
]
