# The runtime of mmseg, and what every segmentor of this package shares. The default scope is
# 'mmseg', so that components of this package are named 'mmwsss.X'. mmseg's base files are not
# inherited: mmseg's own functions shall read these configs also before mmwsss is imported.
default_scope = 'mmseg'
custom_imports = dict(imports=['mmwsss'], allow_failed_imports=False)
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='mmseg.SegLocalVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False
custom_hooks = [
    dict(type='mmwsss.FiniteLossHook', interval=10),  # stops at the first NaN
    dict(type='mmwsss.IterationSeedHook'),  # a resumed run ends as the unbroken one
    dict(type='mmwsss.PixelWeightsHook'),  # stops where a model would ignore weight_dir
]
randomness = dict(seed=0, deterministic=False)
# For tools/test.py --tta; the dataset's file has tta_pipeline, the views.
tta_model = dict(type='mmwsss.ProbabilityTTA')
