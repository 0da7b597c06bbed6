# Both chapters in one: the parent's losses are Mixup-CAM's (2.5), beside them (3.3).
_base_ = ['../mixup_cam.py', '../_base_/subcategory_terms.py']
model = dict(head=_base_.sub_category_head)
default_hooks = dict(sub_category=_base_.sub_category_hook)
train_cfg = dict(max_epochs=(_base_.sub_category_rounds + 1) * _base_.max_epochs)
