# Plain CAM with concentration (2.4) on your own images: of the methods of the thesis, the one that
# gains on small sets too (docs/results.md).
_base_ = './mixup-cam_efficientnet-lite0_custom.py'
model = dict(head=dict(regularizers=dict(loss_ent=None)), train_cfg=None)
