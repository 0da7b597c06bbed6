import math

import pytest
import torch

from mmwsss.refinement.pixel_adaptive import (
    PixelAdaptiveParams,
    colour_affinity,
    pixel_adaptive_refine,
)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def brute_weights(image, y, x, params):
    """(weight, row, column) of every neighbour of one pixel, by scalar arithmetic."""
    channels, height, width = image.shape
    places = [
        (min(max(y + dy * d, 0), height - 1), min(max(x + dx * d, 0), width - 1))
        for d in params.dilations
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
        if (dy, dx) != (0, 0)
    ]
    logits = [0.0] * len(places)
    for c in range(channels):
        values = [image[c, y, x].item()] + [image[c, v, u].item() for v, u in places]
        mean = sum(values) / len(values)
        deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
        for m, value in enumerate(values[1:]):
            difference = abs(value - values[0])
            logits[m] -= difference / (params.temperature * deviation) / channels
    total = sum(math.exp(value) for value in logits)
    return [(math.exp(value) / total, *place) for value, place in zip(logits, places)]


def brute_refine(image, maps, params):
    height, width = maps.shape[-2:]
    for _ in range(params.iterations):
        refined = torch.zeros_like(maps)
        for y in range(height):
            for x in range(width):
                for weight, v, u in brute_weights(image, y, x, params):
                    refined[:, y, x] += weight * maps[:, v, u]
        maps = refined
    return maps


@pytest.mark.parametrize('size', [(5, 7), (1, 4), (6, 3)])
@pytest.mark.parametrize('dilations', [(1,), (1, 2, 5)])
def test_equals_a_loop_over_pixels(size, dilations):
    params = PixelAdaptiveParams(dilations=dilations, iterations=3, temperature=0.3)
    images = torch.rand(2, 3, *size, dtype=torch.float64)
    maps = torch.rand(2, 2, *size, dtype=torch.float64)
    refined = pixel_adaptive_refine(images, maps, params)
    for image, before, after in zip(images, maps, refined):
        torch.testing.assert_close(after, brute_refine(image, before, params))


def test_weights_are_those_of_the_loop():
    params = PixelAdaptiveParams(dilations=(1, 3), temperature=0.2)
    images = torch.rand(1, 3, 6, 5, dtype=torch.float64)
    weights = colour_affinity(images, params)
    assert weights.shape == (1, 16, 6, 5)
    expected = [weight for weight, _, _ in brute_weights(images[0], 4, 1, params)]
    torch.testing.assert_close(weights[0, :, 4, 1], torch.tensor(expected).double())


def test_constant_stays_and_no_value_leaves_the_range():
    images = torch.rand(1, 3, 20, 30)
    maps = torch.cat([torch.full((1, 1, 20, 30), 0.3), torch.rand(1, 2, 20, 30)], 1)
    refined = pixel_adaptive_refine(images, maps)
    torch.testing.assert_close(refined[:, 0], maps[:, 0])
    low, high = maps.amin((2, 3)), maps.amax((2, 3))
    assert (refined.amin((2, 3)) >= low - 1e-5).all()
    assert (refined.amax((2, 3)) <= high + 1e-5).all()
    assert refined[:, 1].std() < 0.8 * maps[:, 1].std()


def test_probabilities_stay_probabilities():
    maps = torch.rand(2, 4, 9, 8).softmax(1)
    total = pixel_adaptive_refine(torch.rand(2, 3, 9, 8), maps).sum(1)
    torch.testing.assert_close(total, torch.ones_like(total))


def test_a_colour_edge_stops_the_averaging():
    images = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    images[..., 8:] = 200
    maps = torch.zeros(1, 1, 16, 16)
    maps[..., 8:] = torch.rand(16, 8).round()
    refined = pixel_adaptive_refine(images, maps, PixelAdaptiveParams(dilations=(1, 2)))
    assert refined[..., :8].max() < 1e-3
    assert refined[..., 8:].std() < 0.5 * maps[..., 8:].std()


def test_flat_image_averages_evenly():
    params = PixelAdaptiveParams(dilations=(1,), iterations=1)
    maps = torch.rand(1, 1, 5, 5, dtype=torch.float64)
    images = torch.full((1, 3, 5, 5), 0.1, dtype=torch.float64)
    refined = pixel_adaptive_refine(images, maps, params)
    window = maps[0, 0, 1:4, 1:4]
    torch.testing.assert_close(refined[0, 0, 2, 2], (window.sum() - window[1, 1]) / 8)


def test_scale_of_colours_does_not_matter():
    images = torch.randint(0, 256, (1, 3, 10, 10), dtype=torch.uint8)
    maps = torch.rand(1, 2, 10, 10)
    refined = pixel_adaptive_refine(images, maps)
    torch.testing.assert_close(pixel_adaptive_refine(images.float(), maps), refined)


def test_zero_iterations_return_a_copy():
    maps = torch.rand(1, 2, 4, 4)
    params = PixelAdaptiveParams(iterations=0)
    refined = pixel_adaptive_refine(torch.rand(1, 3, 4, 4), maps, params)
    assert torch.equal(refined, maps)
    assert refined.data_ptr() != maps.data_ptr()


def test_maps_are_not_changed_and_keep_their_dtype():
    maps = torch.rand(1, 2, 8, 8, dtype=torch.float64)
    before = maps.clone()
    refined = pixel_adaptive_refine(torch.rand(1, 3, 8, 8), maps)
    assert refined.dtype == torch.float64
    assert torch.equal(maps, before)


@pytest.mark.parametrize(
    'bad', [{'dilations': ()}, {'dilations': (0,)}, {'iterations': -1}, {'temperature': 0}]
)
def test_bad_settings_are_errors(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        PixelAdaptiveParams(**bad)


def test_bad_shapes_are_errors():
    with pytest.raises(ValueError, match='resize'):
        pixel_adaptive_refine(torch.rand(1, 3, 8, 8), torch.rand(1, 2, 4, 4))
    with pytest.raises(ValueError, match='images must be'):
        colour_affinity(torch.rand(3, 8, 8))
