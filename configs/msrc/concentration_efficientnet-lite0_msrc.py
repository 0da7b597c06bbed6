# Concentration (2.4) without mixup, which the thesis did not try, on msrc_objects.
_base_ = './mixup-concentration_efficientnet-lite0_msrc.py'
model = dict(train_cfg=None)
