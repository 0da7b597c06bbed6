# The runtime of mmengine, and what every AffinityNet of this package shares. A dataset adds
# label_dataset and the folders; docs/pseudo_labels.md explains the settings.
_base_ = './default_runtime.py'
# tools/make_affinity_labels.py
affinity_labels = dict(
    foreground=dict(alpha=4),  # sure foreground wins against a strong background
    background=dict(alpha=32),  # sure background wins though its score is weak
    crf=dict(settings='affinity_label'),
)
# tools/train.py. A classifier that load_from names must have the same backbone.
default_hooks = dict(loaded_weights=dict(type='LoadedWeightsHook', prefixes=['backbone.']))
# Crop and mean of _base_/datasets/_base_/image_level.py.
affinity_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadAffinityLabel'),
    dict(type='mmseg.RandomCrop', crop_size=224),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='FastColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='PadWithLabels', size=224, pad_value=(127.0, 127.0, 127.0)),
    dict(type='PoolAffinityLabel', stride=8),
    dict(
        type='mmpretrain.PackInputs',
        algorithm_keys=('gt_affinity_label',),
        meta_keys=(
            'sample_idx',
            'img_id',
            'img_path',
            'ori_shape',
            'img_shape',
            'num_classes',
        ),
    ),
]
