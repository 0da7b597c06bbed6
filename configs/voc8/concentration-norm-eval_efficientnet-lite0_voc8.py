# The same term with BatchNorm's pretrained mean and variance, see cam-norm-eval.
_base_ = './concentration_efficientnet-lite0_voc8.py'
model = dict(backbone=dict(norm_eval=True))
