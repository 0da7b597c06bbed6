# CutMix and concentration (2.4) on VOC-8.
_base_ = './concentration_efficientnet-lite0_voc8.py'
model = dict(train_cfg=dict(augments=[dict(type='mmpretrain.CutMix', alpha=1.0)]))
