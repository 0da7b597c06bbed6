# Round 2 of Table 3.2 as the last one. subcategory_cam.py leaves the weights of each of its rounds.
_base_ = '../subcategory_cam.py'
train_cfg = dict(max_epochs=3 * _base_.max_epochs)
default_hooks = dict(sub_category=dict(rounds=2))
