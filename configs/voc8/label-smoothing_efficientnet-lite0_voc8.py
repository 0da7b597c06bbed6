# Label smoothing of the classification loss on VOC-8: future work of the thesis, its [38].
_base_ = './cam_efficientnet-lite0_voc8.py'
model = dict(head=dict(loss=dict(type='MultiLabelSoftMarginLoss', label_smoothing=0.1)))
