# DeepLab-v2's head on EfficientNet-Lite0 for VOC-8, with concentration (2.4) of the classes that
# the pseudo-labels show: self-regularisation of a later step, future work of the thesis.
_base_ = './deeplabv2_efficientnet-lite0_voc8.py'
losses = [_base_.model.decode_head.loss_decode, dict(type='mmwsss.SegConcentrationLoss')]
model = dict(decode_head=dict(loss_decode=losses))
