# The runtime of mmseg, and what every segmentor of this package shares. The default scope is
# 'mmseg', so that components of this package are named 'mmwsss.X'.
_base_ = 'mmseg::_base_/default_runtime.py'
custom_imports = dict(imports=['mmwsss'], allow_failed_imports=False)
custom_hooks = [
    dict(type='mmwsss.FiniteLossHook', interval=10),  # stops at the first NaN
    dict(type='mmwsss.IterationSeedHook'),  # a resumed run ends as the unbroken one
    dict(type='mmwsss.PixelWeightsHook'),  # stops where a model would ignore weight_dir
]
randomness = dict(seed=0, deterministic=False)
# For tools/test.py --tta; the dataset's file has tta_pipeline, the views.
tta_model = dict(type='mmwsss.ProbabilityTTA')
