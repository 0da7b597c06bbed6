import colorsys

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.models import ClsDataPreprocessor
from PIL import Image, ImageEnhance

import mmwsss.datasets.transforms.color as color
from mmwsss.datasets.transforms import FastColorJitter, LimitSize, RandomPad, RandomResizeLongSide
from mmwsss.registry import TRANSFORMS

IMAGENET = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
LITE = ([127.0, 127.0, 127.0], [128.0, 128.0, 128.0])


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def seeded() -> None:
    np.random.seed(0)


@pytest.mark.parametrize(('mean', 'std'), [IMAGENET, LITE])
@pytest.mark.parametrize('shape', [(20, 13), (13, 20), (32, 32), (32, 5), (1, 1)])
def test_padding_is_exactly_zero_after_normalisation(
    mean: list[float], std: list[float], shape: tuple[int, int]
) -> None:
    pad = RandomPad(size=32, pad_value=mean[::-1])
    img = noise(*shape)
    results = pad({'img': img})
    assert results['img'].shape == (32, 32, 3) and results['img_shape'] == (32, 32)
    marker = pad({'img': np.full((*shape, 3), 255, np.uint8)})['img']
    preprocessor = ClsDataPreprocessor(mean=mean, std=std, to_rgb=True)

    def normalise(square: np.ndarray) -> np.ndarray:
        inputs = [torch.from_numpy(square).permute(2, 0, 1)]
        return preprocessor({'inputs': inputs}, training=True)['inputs'][0].numpy()

    np.random.seed(1)
    normalised = normalise(pad({'img': img})['img'])
    np.random.seed(1)
    inside = normalise(pad({'img': np.full((*shape, 3), 255, np.uint8)})['img']).all(0)
    assert inside.sum() == shape[0] * shape[1]
    assert not normalised[:, ~inside].any()
    expected = (img[..., ::-1].astype(np.float32) - np.float32(mean)) / np.float32(std)
    got = normalised[:, inside].T.reshape(*shape, 3)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)
    assert marker.dtype == (np.uint8 if mean == LITE[0] else np.float32)


def test_padding_puts_the_image_everywhere_and_only_inside() -> None:
    pad = RandomPad(size=6, pad_value=(0, 0, 0))
    places = set()
    for _ in range(400):
        square = pad({'img': np.full((4, 6, 3), 9, np.uint8)})['img']
        rows = np.flatnonzero(square[..., 0].any(1))
        assert len(rows) == 4
        places.add(int(rows[0]))
    assert places == {0, 1, 2}


def test_padding_refuses_a_image_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match='33x4 does not fit into 32; crop before padding'):
        RandomPad(size=32, pad_value=(0, 0, 0))({'img': noise(4, 33)})


@pytest.mark.parametrize('pad_value', [(1, 2), (0, 0, 256), (-1, 0, 0)])
def test_bad_pad_values_are_refused(pad_value: tuple) -> None:
    with pytest.raises(ValueError, match='pad_value'):
        RandomPad(size=32, pad_value=pad_value)


@pytest.mark.parametrize('shape', [(30, 40), (40, 30), (100, 7)])
def test_long_side_gets_every_length_and_the_ratio_stays(shape: tuple[int, int]) -> None:
    resize = RandomResizeLongSide(lengths=(40, 43))
    lengths = set()
    for _ in range(60):
        results = resize({'img': noise(*shape)})
        height, width = results['img'].shape[:2]
        assert results['img_shape'] == (height, width)
        scale = max(height, width) / max(shape)
        assert abs(height - shape[0] * scale) <= 0.5 and abs(width - shape[1] * scale) <= 0.5
        lengths.add(max(height, width))
    assert lengths == {40, 41, 42, 43}


def test_resize_is_bicubic_near_the_size_and_averages_far_below() -> None:
    cubic = np.zeros((40, 40, 3), np.uint8)
    cubic[:, 20:] = 200  # bicubic overshoots at a step, the other interpolations do not
    assert RandomResizeLongSide((80, 80))({'img': cubic})['img'].max() > 200
    checks = np.zeros((64, 64, 3), np.uint8)
    checks[::2, ::2] = checks[1::2, 1::2] = 200
    small = RandomResizeLongSide((16, 16))({'img': checks})['img']
    assert np.abs(small.astype(int) - 100).max() <= 1


@pytest.mark.parametrize('lengths', [(0, 5), (6, 5)])
def test_bad_lengths_are_refused(lengths: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match='lengths'):
        RandomResizeLongSide(lengths)


def enhance(enhancer: type, img: np.ndarray, factor: float) -> np.ndarray:
    return np.asarray(enhancer(Image.fromarray(img[..., ::-1])).enhance(factor))[..., ::-1]


@pytest.mark.parametrize('factor', [0.0, 0.7, 1.0, 1.3])
@pytest.mark.parametrize(
    ('adjust', 'enhancer'),
    [
        (color.adjust_brightness, ImageEnhance.Brightness),
        (color.adjust_contrast, ImageEnhance.Contrast),
        (color.adjust_saturation, ImageEnhance.Color),
    ],
)
def test_jitter_steps_equal_pil(adjust, enhancer: type, factor: float) -> None:
    img = noise(17, 23)
    difference = adjust(img, factor).astype(int) - enhance(enhancer, img, factor)
    assert np.abs(difference).max() <= 2


@pytest.mark.parametrize('shift', [-0.1, 0.0, 0.05, 0.1, 0.5])
def test_hue_turns_as_in_float(shift: float) -> None:
    img = noise(12, 15)
    expected = np.empty(img.shape)
    for index in np.ndindex(img.shape[:2]):
        h, s, v = colorsys.rgb_to_hsv(*(img[index][::-1] / 255))
        expected[index] = np.array(colorsys.hsv_to_rgb((h + shift) % 1, s, v))[::-1] * 255
    difference = np.abs(color.adjust_hue(img, shift) - expected)
    assert difference.max() <= 6 and difference.mean() <= 0.5  # 8-bit hue: 1.4 degrees a step


def test_jitter_is_its_parent_s_but_for_rounding() -> None:
    settings = dict(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1)
    fast = FastColorJitter(**settings)
    parent = TRANSFORMS.build(dict(type='mmpretrain.ColorJitter', **settings))
    smooth = np.asarray(Image.fromarray(noise(5, 6)).resize((60, 50), Image.Resampling.BICUBIC))
    for seed in range(10):
        np.random.seed(seed)
        ours = fast({'img': smooth})['img']
        np.random.seed(seed)
        theirs = parent({'img': smooth})['img']
        gap = np.abs(ours.astype(int) - theirs).mean()
        assert gap < 3 and gap < 0.3 * np.abs(smooth.astype(int) - theirs).mean()


def test_jitter_of_a_flipped_view() -> None:
    jitter = FastColorJitter(0.3, 0.3, 0.3, 0.1)
    img = noise(8, 9)
    np.random.seed(3)
    straight = jitter({'img': img})['img']
    np.random.seed(3)
    flipped = jitter({'img': img[:, ::-1]})['img']
    np.testing.assert_array_equal(flipped[:, ::-1], straight)


PIPELINE = [
    dict(type='RandomResizeLongSide', lengths=(20, 60)),
    dict(type='mmpretrain.RandomCrop', crop_size=32),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='FastColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='RandomPad', size=32, pad_value=(103.53, 116.28, 123.675)),
]


def test_the_pipeline_repeats_under_a_seed_and_varies_without() -> None:
    with DefaultScope.overwrite_default_scope('mmwsss'):
        steps = [TRANSFORMS.build(step) for step in PIPELINE]

    def run(seed: int) -> list[np.ndarray]:
        np.random.seed(seed)
        crops = []
        for _ in range(5):
            results = {'img': noise(45, 60)}
            for step in steps:
                results = step(results)
            crops.append(results['img'])
        return crops

    first, again, other = run(0), run(0), run(1)
    assert all(np.array_equal(one, two) for one, two in zip(first, again))
    assert not any(np.array_equal(one, two) for one, two in zip(first, other))
    assert not np.array_equal(first[0], first[1])
    assert {crop.shape for crop in first} == {(32, 32, 3)}


@pytest.mark.parametrize('shape', [(30, 40), (40, 30), (1, 40)])
def test_an_image_within_the_limit_passes_as_it_is(shape: tuple[int, int]) -> None:
    img, labels = noise(*shape), noise(*shape)[..., 0]
    results = LimitSize(40)({'img': img, 'gt_seg_map': labels, 'seg_fields': ['gt_seg_map']})
    assert results['img'] is img and results['gt_seg_map'] is labels


@pytest.mark.parametrize('shape', [(60, 80), (80, 60), (2, 80)])
def test_a_larger_image_is_averaged_to_the_limit_with_its_labels(shape: tuple[int, int]) -> None:
    img, labels = (
        noise(*shape),
        np.repeat(np.arange(shape[0], dtype=np.uint8)[:, None], shape[1], 1),
    )
    results = LimitSize(40)({'img': img, 'gt_seg_map': labels, 'seg_fields': ['gt_seg_map']})
    half = (shape[0] // 2, shape[1] // 2)
    assert results['img'].shape == (*half, 3) and results['img_shape'] == half
    means = img.reshape(half[0], 2, half[1], 2, 3).mean((1, 3))
    assert np.abs(results['img'] - means).max() <= 0.5
    assert np.isin(results['gt_seg_map'][:, 0] // 2, np.arange(half[0])).all()
    assert (np.diff(results['gt_seg_map'][:, 0].astype(int)) == 2).all()


def test_labels_of_the_file_s_size_follow_an_image_that_was_decoded_smaller() -> None:
    labels = np.kron(np.eye(10, dtype=np.uint8), np.ones((4, 4), np.uint8))
    sample = {'img': noise(10, 10), 'gt_seg_map': labels, 'seg_fields': ['gt_seg_map']}
    np.testing.assert_array_equal(LimitSize(10)(sample)['gt_seg_map'], np.eye(10))


def test_scores_of_several_classes_follow_as_their_labels_do() -> None:
    scores = np.random.default_rng(0).random((60, 80, 2, 7), dtype=np.float32)
    sample = {'img': noise(60, 80), 'gt_seg_map': scores, 'seg_fields': ['gt_seg_map']}
    resized = LimitSize(40)(sample)['gt_seg_map']
    assert resized.shape == (30, 40, 2, 7)
    for index in np.ndindex(2, 7):
        one = {
            'img': noise(60, 80),
            'gt_seg_map': scores[(..., *index)],
            'seg_fields': ['gt_seg_map'],
        }
        np.testing.assert_array_equal(resized[(..., *index)], LimitSize(40)(one)['gt_seg_map'])


def test_a_limit_without_a_pixel_is_refused() -> None:
    with pytest.raises(ValueError, match='max_size must be positive, not 0'):
        LimitSize(0)
