# DeepLab-v2 on the test set of VOC 2012; only VOC's server has its masks. tools/test.py CONFIG
# CHECKPOINT --out DIR writes indexed PNGs without and with CRF; docs/segmentation.md tells how to
# submit them.
_base_ = '../deeplabv2_pseudo.py'
test_dataloader = dict(
    dataset=dict(
        ann_file='ImageSets/Segmentation/test.txt',
        data_prefix=dict(_delete_=True, img_path='JPEGImages'),
        pipeline=_base_.test_pipeline,
    )
)
tta_pipeline = [
    _base_.tta_pipeline[0],
    # Scales, flips and packing, without the masks.
    dict(type='TestTimeAug', transforms=[_base_.tta_pipeline[1].transforms[i] for i in (0, 1, 3)]),
]
test_evaluator = [dict(metric, format_only=True) for metric in _base_.test_evaluator]
