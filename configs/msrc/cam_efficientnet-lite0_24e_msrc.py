# Plain CAM for 24 epochs, as many as rounds 0 to 3 of sub-categories take together.
_base_ = './cam_efficientnet-lite0_msrc.py'
max_epochs = 24
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
