from collections.abc import Sequence

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmwsss.ops.affinity import pairwise_affinity
from mmwsss.ops.pairs import half_plane_offsets
from mmwsss.ops.resizing import scaled_size
from mmwsss.refinement import pixel_adaptive
from mmwsss.refinement.crf_settings import CRF_SETTINGS, CRFParams
from mmwsss.refinement.dense_crf import dense_crf
from mmwsss.refinement.pixel_adaptive import PixelAdaptiveParams
from mmwsss.refinement.refiners import (
    ConfidenceThresholds,
    CRFRefiner,
    IdentityRefiner,
    KeepConfidence,
    PixelAdaptiveRefiner,
    RandomWalkRefiner,
    Refiner,
    ScoredImage,
    SequentialRefiner,
    pixel_adaptive as adaptive_refiner,
)
from mmwsss.refinement.refiners.crf import crf_params
from mmwsss.refinement.refiners.random_walk import pool_to_cells, walk_device
from mmwsss.registry import REFINERS

RADIUS, STRIDE = 3, 4


def make_image(seed: int = 0, size=(22, 31), classes=(1, 4), grid=None) -> ScoredImage:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    scores = rng.random((1 + len(classes), *(grid or size)), np.float32)
    return ScoredImage(image, scores, np.array(classes, np.int64), f'p{seed}')


class ColourModel:
    """Affinities of the image's mean colours in a cell."""

    radius = RADIUS
    stride = STRIDE

    def features(self, images: Sequence[torch.Tensor], scale: float) -> torch.Tensor:
        batch = torch.stack(list(images)).double() / 64
        size = scaled_size(batch.shape[-2:], scale)
        return pool_to_cells(F.interpolate(batch, size, mode='bilinear'), STRIDE)

    def affinities(self, images: Sequence[torch.Tensor], scale: float) -> torch.Tensor:
        return pairwise_affinity(self.features(images, scale), RADIUS)


def walker(**kwargs) -> RandomWalkRefiner:
    refiner = RandomWalkRefiner(**{'t': 3, **kwargs})
    refiner.attach(ColourModel())
    return refiner


def dense_walk(features: np.ndarray, maps: np.ndarray, beta: float, t: int) -> np.ndarray:
    """The published computation on a dense matrix: (C, h, w) features, (K, h, w) maps."""
    height, width = maps.shape[1:]
    matrix = np.eye(height * width)
    for y, x in np.ndindex(height, width):
        for dy, dx in half_plane_offsets(RADIUS):
            if y + dy < height and 0 <= x + dx < width:
                difference = np.abs(features[:, y, x] - features[:, y + dy, x + dx]).mean()
                i, j = y * width + x, (y + dy) * width + x + dx
                matrix[i, j] = matrix[j, i] = np.exp(-difference) ** beta
    matrix /= matrix.sum(0, keepdims=True)
    walked = maps.reshape(len(maps), -1) @ np.linalg.matrix_power(matrix, 2**t)
    return walked.reshape(maps.shape)


def mean_over_cells(maps: np.ndarray, stride: int, padded: bool = False) -> np.ndarray:
    """Means over cells; with ``padded`` pixels beyond the edge are zeros that count."""
    size = [-(-side // stride) for side in maps.shape[1:]]
    cells = np.empty((len(maps), *size))
    for y, x in np.ndindex(*size):
        here = slice(y * stride, (y + 1) * stride), slice(x * stride, (x + 1) * stride)
        own = maps[(slice(None), *here)]
        cells[:, y, x] = own.sum((1, 2)) / (stride**2 if padded else own[0].size)
    return cells


def test_random_walk_is_the_published_one() -> None:
    image = make_image()
    refined = walker(beta=4).refine(image)
    features = mean_over_cells(image.image.transpose(2, 0, 1) / 64, STRIDE)
    expected = dense_walk(features, mean_over_cells(image.scores, STRIDE), beta=4, t=3)
    np.testing.assert_allclose(refined.scores, expected, atol=1e-5)
    assert refined.extent == (24, 32)
    assert refined.scores.dtype == np.float32


@pytest.mark.parametrize('size', [(22, 31), (24, 32), (21, 29)])
def test_published_border_counts_pixels_beyond_the_edge_as_zero(size) -> None:
    scores = make_image(size=size).scores
    pooled = pool_to_cells(torch.from_numpy(scores).double(), STRIDE, 'psa').numpy()
    np.testing.assert_allclose(pooled, mean_over_cells(scores, STRIDE, padded=True), atol=1e-7)
    # The walk of one step over affinities of 0 moves nothing: what is left is the pooling.
    refiner = walker(border='psa', beta=1e4, t=0)
    refined = refiner.refine(make_image(size=size))
    np.testing.assert_allclose(refined.scores, pooled, atol=1e-6)


def test_walked_scores_are_enlarged_by_whole_cells() -> None:
    refined = walker().refine(make_image())
    enlarged = F.interpolate(
        torch.from_numpy(refined.scores)[None], scale_factor=STRIDE, mode='bilinear'
    )[0, :, :22, :31]
    np.testing.assert_allclose(refined.resized_scores(), enlarged, atol=1e-6)


def test_a_batch_walks_as_each_image_alone() -> None:
    images = [
        make_image(0),
        make_image(1, classes=(0, 2, 3)),
        make_image(2, size=(16, 20)),
        make_image(3, classes=(5,)),
    ]
    for together, image in zip(walker().refine_batch(images), images):
        alone = walker().refine(image)
        np.testing.assert_allclose(together.scores, alone.scores, atol=1e-6)
        assert together.img_id == image.img_id
        assert together.extent == alone.extent


@pytest.mark.parametrize('scale', [0.5, 2.0])
def test_random_walk_at_another_scale(scale: float) -> None:
    image = make_image(size=(20, 30))
    refined = walker(scale=scale).refine(image)
    assert refined.scores.shape[1:] == tuple(-(-round(s * scale) // STRIDE) for s in (20, 30))
    assert refined.extent[0] >= 20
    assert refined.extent[1] >= 30
    assert refined.labels().shape == (20, 30)
    flat = image.with_scores(np.full_like(image.scores, 0.25))
    np.testing.assert_allclose(walker(scale=scale).refine(flat).scores, 0.25, atol=1e-6)


def test_random_walk_needs_a_model() -> None:
    refiner = RandomWalkRefiner()
    assert refiner.needs_model
    assert refiner.on_device
    with pytest.raises(RuntimeError, match=r'attach the AffinityNet'):
        refiner.refine(make_image())
    with pytest.raises(ValueError, match='scale must be positive'):
        RandomWalkRefiner(scale=0)


def test_crf_refiner_is_the_dense_crf() -> None:
    image = make_image(grid=(6, 8))
    refined = CRFRefiner(settings='irn', iterations=3).refine(image)
    params = CRFParams(bilateral_sxy=50, bilateral_srgb=5, gt_prob=0.7, iterations=3)
    np.testing.assert_array_equal(refined.scores, dense_crf(image.image, image.scores, params))


def test_crf_at_the_resolution_of_walked_scores() -> None:
    walked = walker().refine(make_image())
    refined = CRFRefiner(resolution='scores').refine(walked)
    assert refined.scores.shape == walked.scores.shape
    assert refined.extent == walked.extent
    image = np.pad(walked.image, ((0, 2), (0, 1), (0, 0)), mode='edge')
    expected = dense_crf(image, walked.scores, CRF_SETTINGS['cam'], 'scores')
    np.testing.assert_array_equal(refined.scores, expected)


def test_crf_without_iterations_keeps_the_labels() -> None:
    image = make_image()
    refined = CRFRefiner(iterations=0).refine(image)
    np.testing.assert_array_equal(refined.labels(), image.labels())


def test_the_crf_takes_its_settings() -> None:
    assert crf_params() == CRF_SETTINGS['cam']
    with pytest.raises(ValueError, match=r"one of .*'cam'.*not 'voc'"):
        CRFRefiner(settings='voc')
    with pytest.raises(ValueError, match=r'sxy.*known are iterations, gaussian_sxy'):
        CRFRefiner(sxy=3)
    with pytest.raises(ValueError, match='resolution must be'):
        CRFRefiner(resolution='half')


def test_missing_crf_library_shows_when_the_refiner_is_built(monkeypatch) -> None:
    monkeypatch.setitem(__import__('sys').modules, 'pydensecrf', None)
    with pytest.raises(ImportError, match='pip install pydensecrf2'):
        CRFRefiner()


def test_the_pixel_adaptive_refiner_refines() -> None:
    image = make_image(grid=(6, 8))
    params = PixelAdaptiveParams((1, 3), 2, 0.2)
    refined = PixelAdaptiveRefiner(dilations=[1, 3], iterations=2, temperature=0.2).refine(image)
    expected = pixel_adaptive.pixel_adaptive_refine(
        torch.from_numpy(image.image).permute(2, 0, 1)[None],
        torch.from_numpy(image.resized_scores())[None],
        params,
    )[0]
    np.testing.assert_allclose(refined.scores, expected, atol=1e-6)


def test_pixel_adaptive_refiner_works_on_the_accelerator(monkeypatch) -> None:
    monkeypatch.setattr(adaptive_refiner, 'get_device', lambda: 'cpu')
    assert not PixelAdaptiveRefiner().on_device
    monkeypatch.setattr(adaptive_refiner, 'get_device', lambda: 'cuda')
    refiner = PixelAdaptiveRefiner()
    assert refiner.on_device and refiner.device == torch.device('cuda')
    assert not PixelAdaptiveRefiner.on_device


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_pixel_adaptive_refiner_is_the_same_on_a_gpu(monkeypatch) -> None:
    image = make_image(grid=(6, 8))
    there = PixelAdaptiveRefiner().refine(image)
    monkeypatch.setattr(adaptive_refiner, 'get_device', lambda: 'cpu')
    np.testing.assert_allclose(there.scores, PixelAdaptiveRefiner().refine(image).scores, atol=1e-5)


def test_the_walk_leaves_devices_without_its_matrices() -> None:
    for device in ('cpu', 'cuda:1'):
        assert walk_device(torch.device(device)) == torch.device(device)
    assert walk_device(torch.device('mps')) == torch.device('cpu')


def test_sequence_runs_in_order() -> None:
    config = dict(
        type='mmwsss.SequentialRefiner',
        refiners=[
            dict(type='mmwsss.PixelAdaptiveRefiner', dilations=(1,), iterations=1),
            dict(type='mmwsss.SequentialRefiner', refiners=[dict(type='mmwsss.CRFRefiner')]),
            IdentityRefiner(),
        ],
    )
    sequence = REFINERS.build(config)
    image = make_image()
    adaptive = PixelAdaptiveRefiner(dilations=(1,), iterations=1)
    expected = CRFRefiner().refine(adaptive.refine(image))
    np.testing.assert_array_equal(sequence.refine(image).scores, expected.scores)
    names = [type(step).__name__ for step in sequence.steps()]
    assert names == ['PixelAdaptiveRefiner', 'CRFRefiner', 'IdentityRefiner']
    assert SequentialRefiner([]).refine(image) is image


def test_a_refiner_of_the_user() -> None:
    @REFINERS.register_module(force=True)
    class Halve(Refiner):
        def refine(self, image: ScoredImage) -> ScoredImage:
            return image.with_scores(image.scores / 2)

    image = make_image()
    refined = REFINERS.build(dict(type='mmwsss.Halve')).refine_batch([image, image])
    np.testing.assert_array_equal(refined[1].scores, image.scores / 2)


def test_labels_and_confidence_are_those_of_a_loop() -> None:
    image = make_image()
    labels = image.labels(ConfidenceThresholds(foreground=0.5, background=0.6))
    confidence = image.confidence()
    for y, x in np.ndindex(labels.shape):
        scores = image.scores[:, y, x]
        share = scores.max() / scores.sum()
        assert confidence[y, x] == pytest.approx(share)
        needed = 0.6 if scores.argmax() == 0 else 0.5
        assert labels[y, x] == (255 if share < needed else [0, 2, 5][scores.argmax()])
    assert set(np.unique(labels)) == {0, 2, 5, 255}
    assert ((labels == 255) & (confidence >= 0.5)).any()
    assert set(np.unique(image.labels())) == {0, 2, 5}


@pytest.mark.parametrize('grid', [None, (6, 8)])
def test_confidence_kept_from_before_the_crf(grid) -> None:
    image = make_image(grid=grid)
    crf = CRFRefiner()
    kept = SequentialRefiner([KeepConfidence(), crf, IdentityRefiner()]).refine(image)
    np.testing.assert_array_equal(kept.confidence(), image.confidence())
    np.testing.assert_array_equal(kept.labels(), crf.refine(image).labels())
    assert (kept.confidence() != crf.refine(image).confidence()).any()
    sure = image.confidence() >= 0.5
    expected = np.where(sure, crf.refine(image).labels(), 255)
    np.testing.assert_array_equal(kept.labels(ConfidenceThresholds.parse(0.5)), expected)
    assert 0 < sure.mean() < 1
    # The last place counts, and holds no earlier one.
    again = KeepConfidence().refine(kept)
    np.testing.assert_array_equal(again.confidence(), crf.refine(image).confidence())
    assert again.confidence_source.confidence_source is None


def test_scores_of_nothing_have_no_confidence() -> None:
    image = make_image()
    nothing = image.with_scores(np.zeros_like(image.scores))
    assert not nothing.confidence().any()
    assert (nothing.labels(ConfidenceThresholds(0.1, 0.1)) == 255).all()


def test_one_confidence_threshold_or_one_of_each_kind() -> None:
    assert ConfidenceThresholds.parse(0.7) == ConfidenceThresholds(foreground=0.7, background=0.7)
    assert ConfidenceThresholds.parse(dict(background=0.8)) == ConfidenceThresholds(0.0, 0.8)
    with pytest.raises(ValueError, match=r"ignore_below: 'back' is neither foreground nor backg"):
        ConfidenceThresholds.parse(dict(back=0.8))
    with pytest.raises(ValueError, match=r'ignore_below: background must lie in \[0, 1\], not 80'):
        ConfidenceThresholds.parse(dict(background=80))


def test_scores_and_classes_must_fit() -> None:
    with pytest.raises(ValueError, match=r'p0: scores .* of 1 classes'):
        ScoredImage(np.zeros((4, 4, 3), np.uint8), np.zeros((3, 4, 4)), np.array([1]), 'p0')
    with pytest.raises(ValueError, match='class 254 does not fit'):
        make_image(classes=(254,)).labels()
