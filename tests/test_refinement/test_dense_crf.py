import importlib.util
import sys
from dataclasses import FrozenInstanceError, replace
from types import SimpleNamespace

import numpy as np
import pytest

from mmwsss.refinement import dense_crf as densecrf_module
from mmwsss.refinement.crf_settings import CRF_SETTINGS, MIN_DEVIATION, CRFParams
from mmwsss.refinement.dense_crf import dense_crf, dense_crf_map, dense_crf_sets
from mmwsss.worker_processes import ImageError

needs_library = pytest.mark.skipif(
    sys.version_info >= (3, 13) and importlib.util.find_spec('pydensecrf') is None,
    reason='pip alone installs no pydensecrf2 there',
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def two_halves(rng, height=24, width=30):
    """A noisy image of two colours and noisy scores that follow it."""
    image = np.full((height, width, 3), 60)
    image[:, width // 2 :] = [180, 90, 40]
    image = np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    scores = rng.random((3, height, width), np.float32)
    scores[0, :, : width // 2] += 0.6
    scores[1, :, width // 2 :] += 0.6
    return image, scores / scores.sum(0)


def normalised_kernel(features):
    kernel = np.exp(-((features[:, None] - features[None]) ** 2).sum(-1) / 2)
    root = kernel.sum(1) ** -0.5
    return kernel * root[:, None] * root


def mean_field(image, probabilities, params, scale=(1, 1)):
    """Exact mean-field inference over all pairs of pixels, in float64."""
    classes, height, width = probabilities.shape
    y, x = np.mgrid[:height, :width].reshape(2, -1)
    places = np.stack([x / scale[0], y / scale[1]], 1)
    colours = image.reshape(-1, 3).astype(float) / params.bilateral_srgb
    smooth = normalised_kernel(places / params.gaussian_sxy)
    alike = normalised_kernel(np.concatenate([places / params.bilateral_sxy, colours], 1))
    unary = np.log(probabilities.reshape(classes, -1).astype(float))
    q = np.exp(unary)
    for _ in range(params.iterations):
        logits = unary + params.gaussian_compat * q @ smooth + params.bilateral_compat * q @ alike
        q = np.exp(logits - logits.max(0))
        q /= q.sum(0)
    return q.reshape(classes, height, width)


@needs_library
@pytest.mark.parametrize('name', CRF_SETTINGS)
@pytest.mark.parametrize('iterations', [1, 2])
def test_close_to_exact_mean_field(rng, name, iterations):
    image, scores = two_halves(rng)
    params = replace(CRF_SETTINGS[name], iterations=iterations, gt_prob=None)
    refined = dense_crf(image, scores, params)
    exact = mean_field(image, scores, params)
    # The library filters on a permutohedral lattice, which is an approximation.
    assert np.abs(refined - exact).mean() < 0.01
    assert np.abs(exact - scores).mean() > 0.05
    assert (refined.argmax(0) == exact.argmax(0)).mean() > 0.98


@needs_library
@pytest.mark.parametrize('resolution', ['image', 'scores'])
@pytest.mark.parametrize('iterations', [0, 3])
def test_several_scores_share_the_kernels(rng, monkeypatch, resolution, iterations):
    image, scores = two_halves(rng)
    sets = [scores[:, ::2, ::3], rng.random((3, 12, 10), np.float32), scores[::-1, 1::2, 1::3]]
    params = CRFParams(iterations=iterations)
    expected = [dense_crf(image, one, params, resolution) for one in sets]
    built = []
    library = densecrf_module._library()

    def build(*size):
        built.append(library.DenseCRF2D(*size))
        return built[-1]

    monkeypatch.setattr(densecrf_module, '_library', lambda: SimpleNamespace(DenseCRF2D=build))
    together = dense_crf_sets(image, sets, params, resolution)
    np.testing.assert_array_equal(together, expected)
    assert len(built) == (1 if iterations else 0)


def test_several_scores_must_be_alike(rng):
    image, scores = two_halves(rng)
    with pytest.raises(ValueError, match=r'one shape, not \[\(2, 24, 30\), \(3, 24, 30\)\]'):
        dense_crf_sets(image, [scores, scores[:2]])
    with pytest.raises(ValueError, match='finite and not negative'):
        dense_crf_sets(image, [scores, -scores])


@needs_library
def test_ten_iterations_find_the_two_halves(rng):
    image, scores = two_halves(rng)
    refined = dense_crf(image, scores)
    assert refined.dtype == np.float32
    assert refined.shape == scores.shape
    np.testing.assert_allclose(refined.sum(0), 1, rtol=1e-5)
    assert (refined[1, :, 15:] > 0.9).all()
    assert (refined[1, :, :15] < 0.1).all()


@needs_library
@pytest.mark.parametrize(('height', 'width'), [(24, 120), (96, 30)])
def test_working_at_the_scores_scales_each_deviation(rng, height, width):
    image, scores = two_halves(rng)
    large = np.repeat(np.repeat(image, height // 24, 0), width // 30, 1)
    params = CRFParams(1, gaussian_sxy=12, gaussian_compat=10, bilateral_compat=0)
    refined = dense_crf(large, scores, params, resolution='scores')
    exact = mean_field(image, scores, params, (30 / width, 24 / height))
    swapped = mean_field(image, scores, params, (24 / height, 30 / width))
    assert np.abs(refined - exact).mean() < 0.01
    assert np.abs(refined - swapped).mean() > 0.04


@needs_library
def test_scores_are_resized_to_the_image(rng):
    image, scores = two_halves(rng)
    large = np.repeat(np.repeat(image, 2, 0), 2, 1)
    refined = dense_crf(large, scores)
    assert refined.shape == (3, 48, 60)
    assert (refined[1, :, 31:] > 0.9).all()


@pytest.mark.parametrize('name', CRF_SETTINGS)
def test_zero_iterations_are_the_identity(rng, name):
    image, scores = two_halves(rng)
    params = replace(CRF_SETTINGS[name], iterations=0, gt_prob=None)
    np.testing.assert_allclose(dense_crf(image, scores, params), scores, rtol=1e-6)
    np.testing.assert_allclose(dense_crf(image, 5 * scores, params), scores, rtol=1e-6)


@needs_library
def test_zero_iterations_equal_the_library(rng):
    from pydensecrf import densecrf

    image, scores = two_halves(rng)
    crf = densecrf.DenseCRF2D(30, 24, 3)
    crf.setUnaryEnergy(-np.log(scores).reshape(3, -1))
    expected = np.array(crf.inference(0)).reshape(3, 24, 30)
    np.testing.assert_allclose(dense_crf(image, scores, CRFParams(0)), expected, rtol=1e-5)


def test_hard_labels_get_the_given_certainty(rng):
    image, scores = two_halves(rng)
    params = replace(CRF_SETTINGS['irn'], iterations=0)
    refined = dense_crf(image, scores, params)
    np.testing.assert_array_equal(refined.argmax(0), scores.argmax(0))
    np.testing.assert_allclose(refined.max(0), 0.7, rtol=1e-6)
    np.testing.assert_allclose(refined.min(0), 0.15, rtol=1e-6)


def test_zero_scores_are_clipped():
    image = np.zeros((2, 2, 3), np.uint8)
    scores = np.zeros((2, 2, 2))
    scores[0, 0, 0] = 1
    refined = dense_crf(image, scores, CRFParams(iterations=0))
    np.testing.assert_allclose(refined[1], [[1e-5 / (1 + 1e-5), 0.5], [0.5, 0.5]], rtol=1e-5)


def test_one_class_is_certain(rng):
    image, scores = two_halves(rng)
    for params in CRF_SETTINGS.values():
        np.testing.assert_array_equal(dense_crf(image, scores[:1], params), 1)


@needs_library
def test_inputs_may_be_read_only_and_are_not_changed(rng):
    image, scores = two_halves(rng)
    image.flags.writeable = scores.flags.writeable = False
    first = dense_crf(image, scores)
    np.testing.assert_array_equal(dense_crf(image.copy(), scores.copy()), first)


def test_settings_are_the_published_ones():
    assert CRF_SETTINGS['cam'] == CRFParams(10, 3, 3, 80, 13, 10)
    assert CRF_SETTINGS['affinity_label'] == CRF_SETTINGS['cam']
    assert CRF_SETTINGS['segmentation'] == CRFParams(10, 1, 3, 67, 3, 4)
    assert CRF_SETTINGS['irn'] == CRFParams(10, 3, 3, 50, 5, 10, gt_prob=0.7)
    with pytest.raises(FrozenInstanceError):
        CRF_SETTINGS['cam'].iterations = 3


@pytest.mark.parametrize(
    'bad', [{'iterations': -1}, {'gaussian_sxy': 0}, {'clip': 0}, {'gt_prob': 1}]
)
def test_bad_settings_are_errors(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        CRFParams(**bad)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda i, s: (i.astype(float), s), 'image must be'),
        (lambda i, s: (i[..., 0], s), 'image must be'),
        (lambda i, s: (i, s[0]), 'scores must be'),
        (lambda i, s: (i, s - 1), 'softmax of logits'),
        (lambda i, s: (i, s * np.nan), 'must be finite'),
    ],
)
def test_bad_input_is_an_error(rng, change, message):
    with pytest.raises(ValueError, match=message):
        dense_crf(*change(*two_halves(rng)))


def test_bad_resolution_is_an_error(rng):
    with pytest.raises(ValueError, match='resolution must be'):
        dense_crf(*two_halves(rng), resolution='half')


def test_missing_library_names_the_command(rng, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pydensecrf', None)
    with pytest.raises(ImportError, match='pip install pydensecrf2'):
        dense_crf(*two_halves(rng))
    with pytest.raises(ImportError, match='pip install pydensecrf2'):
        dense_crf_map(load, ['0'])


def load(name):
    if name == 'broken':
        raise OSError('cannot read broken.jpg')
    return two_halves(np.random.default_rng(int(name)))


@needs_library
def test_map_keeps_the_order_and_names_the_bad_image():
    names = ['3', '1', 'broken', '2']
    results = list(dense_crf_map(load, names, on_error='return', progress=False))
    for name, result in zip(names, results):
        if name != 'broken':
            np.testing.assert_array_equal(result, dense_crf(*load(name)))
    assert isinstance(results[2], ImageError)
    assert str(results[2]) == 'broken: OSError: cannot read broken.jpg'


@needs_library
@pytest.mark.slow
def test_pool_equals_one_process():
    names = [str(seed) for seed in range(6)]
    alone = dense_crf_map(load, names, progress=False)
    pooled = dense_crf_map(load, names, workers=2, progress=False)
    for expected, result in zip(alone, pooled):
        np.testing.assert_array_equal(result, expected)


DEVIATIONS = ('gaussian_sxy', 'bilateral_sxy', 'bilateral_srgb')


@pytest.mark.parametrize('value', [1e-6, 0.0999, 0, -1, float('nan'), float('inf')])
@pytest.mark.parametrize('name', DEVIATIONS)
def test_deviations_that_crash_the_library_are_refused(name, value):
    with pytest.raises(ValueError, match=f'{name} must be positive, at least 0.1, not'):
        CRFParams(**{name: value})


@pytest.mark.parametrize('name', ['gaussian_compat', 'bilateral_compat'])
def test_weights_that_are_not_finite_are_refused(name):
    with pytest.raises(ValueError, match=f'{name} must be finite'):
        CRFParams(**{name: float('nan')})


def test_the_smallest_deviations_change_nothing_far_away():
    """Each pixel has no neighbour within reach: the input comes back."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    scores = rng.random((3, 40, 60)).astype(np.float32) + 0.1
    params = CRFParams(**dict.fromkeys(DEVIATIONS, MIN_DEVIATION))
    refined = dense_crf(image, scores, params)
    np.testing.assert_allclose(refined.sum(0), 1, atol=1e-5)
    assert (refined.argmax(0) == scores.argmax(0)).mean() > 0.99


def test_images_too_large_for_a_deviation_are_refused():
    image = np.zeros((2, 2000, 3), np.uint8)
    with pytest.raises(ValueError, match=r'2000 pixels is too large for gaussian_sxy=0\.1; set'):
        dense_crf(image, np.ones((2, 2, 2000)), CRFParams(gaussian_sxy=0.1))
    with pytest.raises(ValueError, match=r'2000 pixels is too large for bilateral_sxy=0\.2'):
        dense_crf(image, np.ones((2, 1, 1000)), CRFParams(bilateral_sxy=0.2), 'scores')


@pytest.mark.parametrize('iterations', [1.5, float('nan'), float('inf')])
def test_iterations_are_a_whole_number(iterations):
    with pytest.raises(ValueError, match='iterations must be a whole number'):
        CRFParams(iterations=iterations)
