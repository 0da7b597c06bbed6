# Plain CAM for 12 epochs on VOC-8.
_base_ = './cam-norm-train_efficientnet-lite0_voc8.py'
max_epochs = 12
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
