# CutMix on VOC-8: mixing by area in place of mixup's by brightness.
_base_ = './cam_efficientnet-lite0_voc8.py'
model = dict(train_cfg=dict(augments=[dict(type='mmpretrain.CutMix', alpha=1.0)]))
