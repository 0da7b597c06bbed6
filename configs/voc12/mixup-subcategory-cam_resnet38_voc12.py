# Mixup-CAM and sub-categories together: the classes have the losses of (2.5), the sub-categories
# that of (3.3).
_base_ = ['../mixup_cam.py', '../_base_/subcategory_terms.py']
model = dict(head=_base_.sub_category_head)
default_hooks = dict(sub_category=_base_.sub_category_hook)
train_cfg = dict(max_epochs=(_base_.sub_category_rounds + 1) * _base_.max_epochs)
