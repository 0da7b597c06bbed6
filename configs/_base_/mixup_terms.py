# The terms of Mixup-CAM, for the methods to choose from; the values are the thesis's (2.3.3). Its
# λ_con of 2e-4 is for distances in cells, where the loss grows with the square of the resolution.
# In [-1, 1], 9.8e-3 equals it on maps of 14×14 cells and is as strong on any (docs/methods.md).
mixup = dict(type='mmpretrain.Mixup', alpha=0.2)  # (2.2)
entropy = dict(type='ClassEntropyLoss', loss_weight=0.02)  # (2.3), λ_ent
concentration = dict(type='ConcentrationLoss', loss_weight=9.8e-3)  # (2.4), λ_con
# Mixup-CAM with all of them (2.5).
mixup_cam = dict(
    train_cfg=dict(augments=[mixup]),
    head=dict(type='MixupCAMHead', regularizers=dict(loss_ent=entropy, loss_con=concentration)),
)
