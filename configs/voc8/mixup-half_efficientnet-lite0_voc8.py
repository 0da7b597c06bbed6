# Mixup (2.2) of every second batch on VOC-8, and none in the last third of the training.
_base_ = './mixup_efficientnet-lite0_voc8.py'
model = dict(train_cfg=dict(probs=[0.5]))
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmpretrain.SwitchRecipeHook',
        schedule=[dict(action_epoch=_base_.max_epochs * 2 // 3 + 1, batch_augments=None)],
    ),
]
