# The terms of Mixup-CAM, for the methods to choose from; the values are the thesis's (2.3.3).
mixup = dict(type='mmpretrain.Mixup', alpha=0.2)  # (2.2)
entropy = dict(type='ClassEntropyLoss', loss_weight=0.02)  # (2.3), λ_ent
concentration = dict(type='ConcentrationLoss', loss_weight=2e-4)  # (2.4), λ_con
