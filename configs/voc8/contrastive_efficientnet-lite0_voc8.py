# Contrast of the features of classes on VOC-8: future work of the thesis, its [7].
_base_ = './cam_efficientnet-lite0_voc8.py'
model = dict(head=dict(type='ContrastiveCAMHead'))
