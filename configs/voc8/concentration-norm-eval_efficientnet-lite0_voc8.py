# Concentration by the recipe of cam, at half of the thesis's λ_con: 1e-4 in cells, on maps of
# 14×14.
_base_ = './concentration_efficientnet-lite0_voc8.py'
model = dict(
    backbone=dict(norm_eval=True), head=dict(regularizers=dict(loss_con=dict(loss_weight=4.9e-3)))
)
optim_wrapper = dict(optimizer=dict(lr=2.5e-4))
