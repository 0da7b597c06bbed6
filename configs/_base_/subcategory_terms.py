# Sub-category exploration, for the methods to choose from; the values are the thesis's (3.3.3).
sub_category_head = dict(
    type='SubCategoryHead',
    num_subcategories=10,  # K, or a list with a number for each class
    sub_loss=dict(type='MultiLabelSoftMarginLoss', loss_weight=5.0),  # (3.3), λ
)
# Round 0 and three rounds more, each as long as the base's training.
sub_category_rounds = 3
sub_category_hook = dict(type='SubCategoryClusteringHook', rounds=sub_category_rounds)
