"""MaskIoUMetric and CRFIoUMetric against a confusion matrix, and the files that they write."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image

from mmwsss.datasets.voc import voc_palette
from mmwsss.refinement.crf_settings import CRF_SETTINGS
from mmwsss.refinement.dense_crf import dense_crf
from mmwsss.registry import METRICS
from mmwsss.worker_processes import ImageError

CLASSES = ('background', 'cat', 'dog', 'cow')
SIZE = (20, 30)


@pytest.fixture
def samples(tmp_path: Path) -> list[SegDataSample]:
    """Five images with scores that are right in two of three pixels."""
    rng = np.random.default_rng(0)
    samples = []
    for index in range(5):
        truth = np.zeros(SIZE, np.int64)
        truth[4 + index : 16, 6:24] = 1 + index % 3
        pixels = rng.integers(0, 40, (*SIZE, 3)) + 60 * truth[..., None]
        path = tmp_path / f'images/x/{index}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        seen = np.where(rng.random(SIZE) < 0.66, truth, rng.integers(0, 4, SIZE))
        truth[:2] = 255
        scores = torch.from_numpy(3.0 * np.eye(4, dtype=np.float32)[seen].transpose(2, 0, 1))
        scores += torch.from_numpy(rng.normal(size=(4, *SIZE)).astype(np.float32))
        sample = SegDataSample(metainfo=dict(img_path=str(path), img_id=f'x/{index}'))
        sample.seg_logits = PixelData(data=scores)
        sample.pred_sem_seg = PixelData(data=scores.argmax(0, keepdim=True))
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(truth[None]))
        samples.append(sample)
    return samples


def evaluate(samples, *metrics: dict, batch: int = 2) -> dict[str, float]:
    evaluator = Evaluator([METRICS.build(dict(metric)) for metric in metrics])
    evaluator.dataset_meta = dict(classes=CLASSES)
    for start in range(0, len(samples), batch):
        evaluator.process(samples[start : start + batch])
    return evaluator.evaluate(len(samples))


def mean_iou(masks, samples) -> float:
    confusion = np.zeros((4, 4))
    for mask, sample in zip(masks, samples):
        truth = sample.gt_sem_seg.data[0].numpy()
        for true, guess in zip(truth.ravel(), np.asarray(mask).ravel()):
            if true != 255:
                confusion[true, guess] += 1
    hits = confusion.diagonal()
    return 100 * float(np.mean(hits / (confusion.sum(0) + confusion.sum(1) - hits)))


MASKS = dict(type='mmwsss.MaskIoUMetric')
CRF = dict(type='mmwsss.CRFIoUMetric')


def crf_masks(samples, **changes) -> list[np.ndarray]:
    params = CRF_SETTINGS['segmentation']
    params = type(params)(**{**vars(params), **changes})
    masks = []
    for sample in samples:
        image = np.array(Image.open(sample.img_path))
        probabilities = sample.seg_logits.data.softmax(0).numpy()
        masks.append(dense_crf(image, probabilities, params).argmax(0))
    return masks


def test_one_run_measures_without_and_with_crf(samples):
    changes = dict(bilateral_sxy=20, bilateral_srgb=20)
    metrics = evaluate(samples, MASKS, dict(CRF, crf=changes))
    plain = mean_iou([sample.pred_sem_seg.data[0] for sample in samples], samples)
    refined = mean_iou(crf_masks(samples, **changes), samples)
    assert metrics['mIoU'] == pytest.approx(plain, abs=0.0051)
    assert metrics['crf/mIoU'] == pytest.approx(refined, abs=0.0051)
    assert refined > plain + 5


def test_no_iteration_changes_nothing(samples):
    metrics = evaluate(samples, MASKS, dict(CRF, crf=dict(iterations=0)))
    for name in ('mIoU', 'aAcc', 'mAcc'):
        assert metrics[f'crf/{name}'] == metrics[name]


@pytest.mark.parametrize('resolution', ['image', 'scores'])
def test_masks_of_small_scores_have_the_size_of_the_image(samples, resolution):
    sample = samples[0].to_dict()
    small = torch.nn.functional.avg_pool2d(sample['seg_logits']['data'], 2)
    sample['seg_logits'] = dict(data=small)
    metric = METRICS.build(dict(CRF, resolution=resolution, crf=dict(iterations=0)))
    metric.dataset_meta = dict(classes=CLASSES)
    (mask,) = metric._queue.put(metric._job(sample))
    enlarged = torch.nn.functional.interpolate(
        small.double().softmax(0)[None], SIZE, mode='bilinear'
    )[0]
    assert mask.shape == SIZE and (mask == enlarged.argmax(0).numpy()).mean() > 0.99


@pytest.mark.slow
def test_processes_give_the_same_in_the_same_order(samples, tmp_path):
    alone = evaluate(samples, dict(CRF, output_dir=str(tmp_path / 'alone')))
    pooled = evaluate(samples, dict(CRF, workers=2, output_dir=str(tmp_path / 'pooled')))
    assert alone == pooled
    for index in range(5):
        one, two = ((tmp_path / name / f'x/{index}.png') for name in ('alone', 'pooled'))
        assert one.read_bytes() == two.read_bytes()


def test_unlikely_classes_are_left_out(samples):
    for sample in samples:
        sample.seg_logits.data[1] -= 10
    threshold = 0.05
    metric = METRICS.build(dict(CRF, min_probability=threshold))
    metric.dataset_meta = dict(classes=CLASSES)
    _, classes, probabilities, _ = metric._job(samples[0].to_dict())
    assert classes.tolist() == [0, 2, 3] and probabilities.shape == (3, *SIZE)
    whole = evaluate(samples, CRF)
    assert evaluate(samples, dict(CRF, min_probability=threshold)) == whole
    # Never all of them: at least the most probable class stays.
    flat = samples[0].to_dict()
    flat['seg_logits'] = dict(data=torch.zeros(4, *SIZE))
    flat['seg_logits']['data'][2] = 0.1
    metric.min_probability = 0.9
    assert metric._job(flat)[1].tolist() == [2]


def test_predictions_are_indexed_images_with_the_colours_of_voc(samples, tmp_path):
    out = tmp_path / 'out'
    evaluate(samples, dict(MASKS, output_dir=str(out)))
    for index, sample in enumerate(samples):
        with Image.open(out / f'x/{index}.png') as image:
            assert image.mode == 'P'
            palette = np.reshape(image.getpalette()[:12], (4, 3)).tolist()
            assert [tuple(colour) for colour in palette] == voc_palette(4)
            np.testing.assert_array_equal(np.array(image), sample.pred_sem_seg.data[0])
    assert not [path for path in out.rglob('*') if path.is_file() and path.suffix != '.png']


def test_test_set_is_written_without_truth(samples, tmp_path):
    for sample in samples:
        del sample.gt_sem_seg
        del sample.img_id
    settings = dict(format_only=True, output_dir=str(tmp_path / 'crf'))
    assert evaluate(samples, dict(CRF, **settings)) == {}
    assert sorted(path.name for path in (tmp_path / 'crf').iterdir()) == [
        f'{index}.png' for index in range(5)
    ]
    masks = crf_masks(samples)
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / 'crf/3.png')), masks[3])
    with pytest.raises(ValueError, match='--out DIR'):
        METRICS.build(dict(MASKS, format_only=True))


def test_merged_predictions_without_a_channel_are_measured(samples):
    whole = evaluate(samples, MASKS)
    for sample in samples:
        mask = sample.pred_sem_seg.data[0]
        del sample.pred_sem_seg
        sample.pred_sem_seg = PixelData(data=mask)
    assert evaluate(samples, MASKS) == whole


def test_bad_image_is_named(samples):
    Path(samples[3].img_path).write_bytes(b'')
    with pytest.raises(ImageError, match=r'x/3\.png: DataError'):
        evaluate(samples, CRF)


def test_a_missing_crf_library_shows_when_the_metric_is_built(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pydensecrf', None)
    with pytest.raises(ImportError, match='pip install pydensecrf2'):
        METRICS.build(dict(CRF))


def test_wrong_settings_are_errors(samples):
    with pytest.raises(TypeError, match='bilateral_xy'):
        METRICS.build(dict(CRF, crf=dict(bilateral_xy=3)))
    with pytest.raises(ValueError, match='min_probability'):
        METRICS.build(dict(CRF, min_probability=1))
    samples[0].seg_logits = PixelData(data=torch.zeros(3, *SIZE))
    with pytest.raises(ValueError, match='3 maps of scores for 4 classes'):
        evaluate(samples, CRF)
