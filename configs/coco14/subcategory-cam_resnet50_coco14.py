# Sub-category exploration (3.3) of ResNet-50 on COCO 2014: 10 sub-categories of each of 80 classes.
_base_ = ['./cam_resnet50_coco14.py', '../_base_/subcategory_terms.py']
model = dict(head=_base_.sub_category_head)
default_hooks = dict(sub_category=_base_.sub_category_hook)
train_cfg = dict(max_epochs=(_base_.sub_category_rounds + 1) * _base_.max_epochs)
