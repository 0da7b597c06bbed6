# Mixup by the recipe of cam.
_base_ = './mixup_efficientnet-lite0_voc8.py'
model = dict(backbone=dict(norm_eval=True))
optim_wrapper = dict(optimizer=dict(lr=2.5e-4))
