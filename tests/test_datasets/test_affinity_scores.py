"""Cells of AffinityNet labelled by averaged scores, as the published code labels them."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from tiny_maps import COUNT, config, write_tiny_maps

from mmwsss.datasets import AffinityDataset, DataError
from mmwsss.datasets.affinity_scores import AffinityScores
from mmwsss.datasets.transforms.affinity_label import PadWithLabels, pool_scores
from mmwsss.pseudo_labels.affinity_labels import make_affinity_labels
from mmwsss.registry import DATASETS, TRANSFORMS
from mmwsss.structures import CAMStore

STRIDE = 4


def published(high: np.ndarray, low: np.ndarray, names: list[int], stride: int) -> np.ndarray:
    """A cell after the other, in float64: average both sets of (H, W, 1 + K), then decide."""
    rows, columns = high.shape[0] // stride, high.shape[1] // stride
    labels = np.zeros((rows, columns), np.uint8)
    for y, x in np.ndindex(rows, columns):
        cell = np.s_[y * stride : (y + 1) * stride, x * stride : (x + 1) * stride]
        against_high, against_low = (
            scores[cell].astype(np.float64).sum((0, 1)) / stride**2 for scores in (high, low)
        )
        label = names[int(np.argmax(against_high))]
        if label == 0:
            label = 255
        if np.argmax(against_low) == 0:
            label = 0
        if max(against_high.max(), against_low.max()) < 1e-5:
            label = 255
        labels[y, x] = label
    return labels


def test_pooling_scores_is_the_published_rule() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((24, 32, 2, 3), np.float32)
    scores[..., 0, 0] *= 1.1
    scores[:8, :12] = 0  # the padding
    names = [0, 3, 7]
    pooled = pool_scores(scores, np.array(names), STRIDE)
    expected = published(scores[..., 0, :], scores[..., 1, :], names, STRIDE)
    np.testing.assert_array_equal(pooled, expected)
    assert set(np.unique(pooled)) == {0, 3, 7, 255}
    with pytest.raises(ValueError, match='32x24 labels do not divide into cells of 5'):
        pool_scores(scores, np.array(names), 5)


def test_scores_are_padded_with_0() -> None:
    np.random.seed(0)
    scores = np.ones((3, 5, 2, 2), np.float32)
    results = dict(img=np.ones((3, 5, 3), np.uint8), gt_seg_map=scores)
    padded = PadWithLabels(8, (127.0, 127.0, 127.0))(results)
    inside = padded['img'][..., 0] == 1
    assert padded['gt_seg_map'].shape == (8, 8, 2, 2) and inside.sum() == 15
    np.testing.assert_array_equal(padded['gt_seg_map'], inside[..., None, None] * np.ones((2, 2)))


def test_crops_and_flips_move_scores_with_the_image() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (60, 70)).astype(np.uint8)
    scores = np.eye(3, dtype=np.float32)[labels]
    with DefaultScope.overwrite_default_scope('mmwsss'):
        steps = [
            TRANSFORMS.build(step)
            for step in (
                dict(type='mmseg.RandomCrop', crop_size=48),
                dict(type='RandomFlip', prob=1.0, direction='horizontal'),
            )
        ]
    results = dict(
        img=np.stack([labels] * 3, 2),
        img_shape=labels.shape,
        gt_seg_map=np.stack([scores, scores], 2),
        seg_fields=['gt_seg_map'],
    )
    for step in steps:
        results = step(results)
    assert results['gt_seg_map'].shape == (48, 48, 2, 3)
    shown = np.eye(3)[results['img'][..., 0]]
    np.testing.assert_array_equal(results['gt_seg_map'], np.stack([shown, shown], 2))


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Affinity labels of tiny maps without a CRF, with their scores."""
    root = tmp_path_factory.mktemp('scores')
    write_tiny_maps(root)
    make(root)
    return root


def make(root: Path, scores: bool = True) -> None:
    cfg = config(root)
    cfg.affinity_labels.update(crf=None, scores=scores, mask_dir=None)
    make_affinity_labels(cfg, workers=0)


def dataset_of(root: Path, **changes) -> AffinityDataset:
    steps = [
        dict(type='LoadImage'),
        dict(type='LoadAffinityLabel'),
        dict(type='PadWithLabels', size=64, pad_value=(0.0, 0.0, 0.0)),
        dict(type='PoolAffinityLabel', stride=STRIDE),
    ]
    settings = dict(config(root).train_dataloader.dataset, cell_labels='scores', pipeline=steps)
    with DefaultScope.overwrite_default_scope('mmwsss'):
        return DATASETS.build({**settings, **changes})


def test_training_gets_the_labels_of_averaged_scores(root: Path) -> None:
    """From the response maps by the formula of the background, (1 - max)^alpha."""
    store = CAMStore.open(root / 'cams')
    dataset = dataset_of(root)
    seen: set[int] = set()
    for index in range(len(dataset)):
        sample = dataset.prepare_data(index)
        response = store.read(sample['img_id'])
        maps = response.resized().double().numpy()
        rows = sample['img'].any((1, 2))  # of the image, between the rows of the padding
        sets = []
        for alpha in (4, 32):
            square = np.zeros((64, 64, 1 + len(maps)))
            square[rows] = np.stack([(1 - maps.max(0)) ** alpha, *maps], 2)
            sets.append(square)
        names = [0, *(response.classes + 1).tolist()]
        expected = published(*sets, names, STRIDE)
        np.testing.assert_array_equal(sample['gt_affinity_label'], expected)
        seen |= set(expected.ravel().tolist())
    assert seen == {0, 1, 2, 3, 255}


def test_votes_remain_the_default(root: Path) -> None:
    dataset = dataset_of(root, cell_labels='votes')
    assert 'affinity_scores_dir' not in dataset.get_data_info(0)
    with pytest.raises(ValueError, match="'votes' or 'scores', not 'mean'"):
        dataset_of(root, cell_labels='mean')


def test_missing_scores_are_told_before_training_and_made_again(tmp_path: Path) -> None:
    write_tiny_maps(tmp_path)
    make(tmp_path, scores=False)
    with pytest.raises(DataError, match=r'scores: no scores of affinity labels.*scores=True'):
        dataset_of(tmp_path)
    make(tmp_path)  # labels without scores are made again
    path = AffinityScores.open(tmp_path / 'affinity').store.path('p1')
    path.unlink()
    with pytest.raises(DataError, match=rf"p1\.npz: no scores of 'p1' \(1 of {COUNT} are"):
        dataset_of(tmp_path)
    make(tmp_path)
    assert path.is_file() and len(dataset_of(tmp_path)) == COUNT


def test_scores_of_other_tags_are_named(root: Path) -> None:
    dataset = dataset_of(root)
    info = dataset.get_data_info(0)
    info['affinity_scores_dir'] = str(root / 'affinity')
    info['img_id'] = 'p1'
    with pytest.raises(DataError, match=r'p1\.npz: scores of another size or other classes'):
        dataset.pipeline(info)
