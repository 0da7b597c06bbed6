"""CAMMetric against a naive confusion matrix per threshold."""

import json

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmpretrain.structures import DataSample

from mmwsss.evaluation import CAMMetric
from mmwsss.registry import METRICS

CLASSES = ('cat', 'dog', 'cow', 'bus')


def make_sample(seed: int, present=(0, 2), shape=(23, 31), grid=(5, 7)) -> DataSample:
    rng = np.random.default_rng(seed)
    # Coarse levels, so that scores tie with each other and with thresholds.
    cam = torch.as_tensor(rng.integers(0, 11, (len(present), *grid)) / 10, dtype=torch.float32)
    truth = rng.choice([0, 1, 2, 3, 255], shape).astype(np.uint8)
    sample = DataSample(metainfo={'img_id': f'a/{seed}', 'ori_shape': shape})
    sample.cam, sample.cam_classes = cam, torch.tensor(present, dtype=torch.long)
    sample.gt_seg_map = torch.from_numpy(truth)
    return sample


def naive_confusion(samples, threshold: float) -> np.ndarray:
    """Count pixel by pixel with maps resized by a separate call per class."""
    confusion = np.zeros((len(CLASSES) + 1,) * 2, int)
    for sample in samples:
        full = np.zeros((len(CLASSES) + 1, *sample.ori_shape), np.float32)
        for cam, label in zip(sample.cam, sample.cam_classes):
            full[label + 1] = torch.nn.functional.interpolate(
                cam[None, None], sample.ori_shape, mode='bilinear', align_corners=False
            )
        prediction = np.where(full.max(0) > np.float32(threshold), full.argmax(0), 0)
        for true, guess in zip(np.asarray(sample.gt_seg_map).ravel(), prediction.ravel()):
            if true != 255:
                confusion[true, guess] += 1
    return confusion


def naive_metrics(samples, threshold: float) -> dict[str, float]:
    confusion = naive_confusion(samples, threshold)
    iou, precision, recall, f_score = [], [], [], []
    for k in range(len(confusion)):
        hit, true, guess = confusion[k, k], confusion[k].sum(), confusion[:, k].sum()
        if true + guess:
            iou.append(hit / (true + guess - hit))
            f_score.append(2 * hit / (true + guess))
        if guess:
            precision.append(hit / guess)
        if true:
            recall.append(hit / true)
    p, r = np.mean(precision), np.mean(recall)
    return {
        'mIoU': 100 * np.mean(iou),
        'precision': 100 * p,
        'recall': 100 * r,
        'F': 200 * p * r / (p + r),
        'mFscore': 100 * np.mean(f_score),
    }


def run(samples, **kwargs) -> dict[str, float]:
    metric = CAMMetric(**kwargs)
    metric.dataset_meta = {'classes': CLASSES}
    for sample in samples:
        metric.process(None, [sample.to_dict()])
    return metric.evaluate(len(samples))


@pytest.fixture
def samples():
    return [make_sample(0), make_sample(1, (1,)), make_sample(2, ()), make_sample(3, (0, 1, 2))]


def test_equals_naive_at_every_threshold(samples, tmp_path):
    curve_file = tmp_path / 'new' / 'curve.json'
    metrics = run(samples, thresholds=10, fixed_threshold=0.35, curve_file=str(curve_file))
    curve = json.loads(curve_file.read_text())
    assert curve['threshold'] == sorted([i / 10 for i in range(10)] + [0.35])
    naive = [naive_metrics(samples, threshold) for threshold in curve['threshold']]
    for name in naive[0]:
        np.testing.assert_allclose(curve[name], [row[name] for row in naive], rtol=1e-12)
    best = int(np.argmax([row['mIoU'] for row in naive]))
    assert metrics['cam/threshold'] == curve['threshold'][best]
    for name, value in naive[best].items():
        assert metrics[f'cam/{name}'] == pytest.approx(value, rel=1e-12)
    assert metrics['cam/mIoU_fixed'] == pytest.approx(naive_metrics(samples, 0.35)['mIoU'])
    assert curve['IoU']['bus'] == [None] * 11  # neither true nor predicted


def test_scores_on_a_threshold_are_background():
    sample = make_sample(0, (0,), shape=(1, 2), grid=(1, 2))
    sample.cam = torch.tensor([[[0.2, 0.2001]]])
    sample.gt_seg_map = torch.tensor([[0, 1]], dtype=torch.uint8)
    assert run([sample], thresholds=[0.2])['cam/mIoU'] == 100
    sample.cam = torch.tensor([[[0.2, 0.2]]])
    assert run([sample], thresholds=[0.2])['cam/mIoU'] == 25  # background 1/2, cat 0/1


def test_all_wrong_is_zero():
    sample = make_sample(0, (0,), shape=(1, 2), grid=(1, 2))
    sample.cam = torch.ones(1, 1, 2)
    sample.gt_seg_map = torch.tensor([[0, 2]], dtype=torch.uint8)
    metrics = run([sample], thresholds=[0.2])
    assert metrics['cam/mIoU'] == metrics['cam/F'] == metrics['cam/mFscore'] == 0


def test_registered_and_run_by_evaluator(samples):
    assert METRICS.get('CAMMetric') is CAMMetric
    evaluator = Evaluator(CAMMetric(classwise=True))
    evaluator.dataset_meta = {'classes': CLASSES}
    evaluator.process(samples)
    metrics = evaluator.evaluate(len(samples))
    assert metrics['cam/mIoU'] == run(samples)['cam/mIoU']
    assert {f'cam/IoU/{name}' for name in ('background', *CLASSES)} <= set(metrics)
    assert all(isinstance(value, float) for value in metrics.values())


def test_two_processes_with_padded_duplicate(samples, monkeypatch):
    """mmengine interleaves the ranks' records and cuts the padding off."""
    samples = [*samples, make_sample(4, (1, 2))]
    ranks = [samples[0::2], [*samples[1::2], samples[0]]]
    records = []
    for part in ranks:
        metric = CAMMetric()
        metric.dataset_meta = {'classes': CLASSES}
        metric.process(None, [sample.to_dict() for sample in part])
        records.append(metric.results)

    def collect(results, size, device, tmpdir=None):
        return [record for pair in zip(*records) for record in pair][:size]

    monkeypatch.setattr('mmengine.evaluator.metric.collect_results', collect)
    sharded = metric.evaluate(len(samples))
    monkeypatch.undo()
    assert sharded == run(samples)
    assert sharded != run([*samples, samples[0]])


def _break(field, value):
    sample = make_sample(7)
    setattr(sample, field, value)
    return sample


@pytest.mark.parametrize(
    ('sample', 'message'),
    [
        (_break('cam', torch.full((2, 5, 7), float('nan'))), 'NaN'),
        (_break('cam', torch.full((2, 5, 7), 1.5)), r'expected \[0, 1\]'),
        (_break('cam_classes', torch.tensor([0])), 'classes of shape'),
        (_break('cam_classes', torch.tensor([2, 0])), 'ascending'),
        (_break('cam_classes', torch.tensor([0, 4])), 'num_classes'),
        (_break('gt_seg_map', None), 'no mask'),
        (_break('gt_seg_map', torch.zeros(5, 5, dtype=torch.uint8)), 'original size'),
        (_break('gt_seg_map', torch.zeros(23, 31)), 'uint8'),
        (_break('gt_seg_map', torch.full((23, 31), 5, dtype=torch.uint8)), 'label 5'),
    ],
)
def test_bad_input_names_the_image(sample, message):
    with pytest.raises(ValueError, match=message) as error:
        run([sample])
    assert 'a/7' in str(error.value)
    assert '\n' not in str(error.value)


def test_a_missing_prediction_is_refused():
    sample = make_sample(7)
    del sample.cam
    with pytest.raises(ValueError, match='lacks cam'):
        run([sample])


def test_thresholds_outside_the_range():
    with pytest.raises(ValueError, match=r'\[0, 1\)'):
        CAMMetric(thresholds=[0.1, 1.0])


def test_ignored_pixels_alone_are_refused():
    with pytest.raises(ValueError, match='no image has a labelled pixel'):
        run([_break('gt_seg_map', torch.full((23, 31), 255, dtype=torch.uint8))])


@pytest.mark.parametrize('order', [(0, 1, 2), (1, 0, 2)])
def test_masks_that_contradict_the_tags_are_a_warning(order, monkeypatch):
    samples = []
    for number in range(9):
        sample = make_sample(number, (number % 3,), (8, 8))
        sample.set_gt_label([number % 3])
        sample.gt_seg_map = torch.full((8, 8), order[number % 3] + 1, dtype=torch.uint8)
        samples.append(sample)
    lines = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'warning', lines.append)
    run(samples)
    if order == (0, 1, 2):
        assert not lines
    else:
        assert len(lines) == 2 and "CAMMetric: 'cat' is a tag of 3 images, but value 1" in lines[0]
