# One round of sub-categories on the plain classifier that compare_methods.py trained with the same
# seed (cam_efficientnet-lite0_msrc.py): half the time of a run of its own round 0, for sweeps.
_base_ = './subcategory-cam_efficientnet-lite0_msrc.py'
load_from = 'work_dirs/comparison/cam_efficientnet-lite0_msrc/seed_{seed}/epoch_6.pth'
default_hooks = dict(sub_category=dict(rounds=1, epochs=[0, _base_.max_epochs]))
train_cfg = dict(max_epochs=_base_.max_epochs)
