# Manifold mixup (Verma et al. 2019) by the recipe of cam: each batch is mixed as images, or as the
# feature maps at stride 4 or 8. α is that of mixup (2.2).
_base_ = './cam_efficientnet-lite0_voc8.py'
layers = ['input', 'backbone.layers.2', 'backbone.layers.3']
model = dict(train_cfg=dict(augments=[dict(type='ManifoldMixup', alpha=0.2, layers=layers)]))
