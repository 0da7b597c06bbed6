# Plain CAM for as many epochs as rounds 0 to 3 of the sub-categories together.
_base_ = './cam_efficientnet-lite0_msrc.py'
max_epochs = 24
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
