# DeepLab-v2's head on EfficientNet-Lite0 for VOC-8, with mixup (2.2): self-regularisation of a
# later step, future work of the thesis.
_base_ = './deeplabv2_efficientnet-lite0_voc8.py'
model = dict(train_cfg=dict(mixup_alpha=0.2))
