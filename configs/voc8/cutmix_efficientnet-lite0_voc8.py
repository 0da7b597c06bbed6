# CutMix on VOC-8: images are mixed by area, where mixup (2.2) mixes them by brightness.
_base_ = './cam_efficientnet-lite0_voc8.py'
model = dict(train_cfg=dict(augments=[dict(type='mmpretrain.CutMix', alpha=1.0)]))
