# mmseg's runtime (default_scope 'mmseg': names of this package carry 'mmwsss.') and what every
# segmentor of this package shares.
_base_ = 'mmseg::_base_/default_runtime.py'
custom_imports = dict(imports=['mmwsss'], allow_failed_imports=False)
custom_hooks = [
    dict(type='mmwsss.FiniteLossHook', interval=10),  # stops at the first NaN
    dict(type='mmwsss.IterationSeedHook'),  # a resumed run ends as the unbroken one
    dict(type='mmwsss.PixelWeightsHook'),  # stops where weight_dir would be ignored
]
randomness = dict(seed=0, deterministic=False)
# tools/test.py --tta: views of tta_pipeline, in the dataset's file.
tta_model = dict(type='mmwsss.ProbabilityTTA')
