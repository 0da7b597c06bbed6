# mIoU at every threshold; see docs/evaluation.md for what is reported.
val_evaluator = dict(type='CAMMetric')
test_evaluator = val_evaluator
