# One round of sub-categories on VOC-8, for sweeps. It starts from the classifier that
# compare_methods.py trained by cam_efficientnet-lite0_voc8.py with the same seed, and so
# needs no round 0 of its own.
_base_ = './subcategory-cam_efficientnet-lite0_voc8.py'
load_from = 'work_dirs/comparison/cam_efficientnet-lite0_voc8/seed_{seed}/epoch_6.pth'
default_hooks = dict(sub_category=dict(rounds=1, epochs=[0, _base_.max_epochs]))
train_cfg = dict(max_epochs=_base_.max_epochs)
