# Sub-category exploration (3.3) on msrc_objects, rounds 0 to 3.
_base_ = ['./cam_efficientnet-lite0_msrc.py', '../_base_/subcategory_terms.py']
model = dict(head=_base_.sub_category_head)
default_hooks = dict(sub_category=_base_.sub_category_hook)
train_cfg = dict(max_epochs=(_base_.sub_category_rounds + 1) * _base_.max_epochs)
