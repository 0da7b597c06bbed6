# Sub-category exploration (3.3) on VOC-8, rounds 0 to 3.
_base_ = ['./cam_efficientnet-lite0_voc8.py', '../_base_/subcategory_terms.py']
model = dict(head=_base_.sub_category_head)
default_hooks = dict(sub_category=_base_.sub_category_hook)
train_cfg = dict(max_epochs=(_base_.sub_category_rounds + 1) * _base_.max_epochs)
