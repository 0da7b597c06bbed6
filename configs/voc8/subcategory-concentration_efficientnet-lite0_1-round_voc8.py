# One round of sub-categories with concentration (2.4), after concentration alone, on VOC-8.
_base_ = ['./concentration_efficientnet-lite0_voc8.py', '../_base_/subcategory_terms.py']
load_from = 'work_dirs/comparison/concentration_efficientnet-lite0_voc8/seed_{seed}/epoch_6.pth'
model = dict(head=_base_.sub_category_head)
default_hooks = dict(
    sub_category=dict(_base_.sub_category_hook, rounds=1, epochs=[0, _base_.max_epochs])
)
