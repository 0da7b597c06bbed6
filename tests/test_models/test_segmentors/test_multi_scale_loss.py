"""MultiScaleEncoderDecoder: loss over scales and weights of pixels against loops."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image
from tiny_segmentor import CLASSES, HEAD, LOSS, SIZE, build
from torch.nn import functional as F

from mmwsss.registry import MODELS

AUXILIARY = dict(
    type='mmseg.FCNHead', in_channels=8, channels=4, num_convs=1, num_classes=CLASSES, in_index=0,
    norm_cfg=None, dropout_ratio=0, loss_decode=LOSS,
)  # fmt: skip


def make_batch(weighted=False, cropped=(0, 0)):
    """Images (2, 3, H, W) and their samples; the weights may be smaller than padded labels."""
    rng = np.random.default_rng(0)
    inputs = torch.from_numpy(rng.normal(size=(2, 3, *SIZE)).astype(np.float32))
    labels = rng.choice([0, 1, 2, 3, 255], (2, 1, *SIZE))
    samples = []
    for label in labels:
        sample = SegDataSample(gt_sem_seg=PixelData(data=torch.from_numpy(label)))
        if weighted:
            size = (SIZE[0] - cropped[0], SIZE[1] - cropped[1])
            weights = torch.from_numpy(rng.random((1, *size), np.float32))
            sample.gt_weight_map = PixelData(data=weights)
            sample.gt_sem_seg.data[:, size[0] :] = 255
            sample.gt_sem_seg.data[..., size[1] :] = 255
        samples.append(sample)
    return inputs, samples


def scaled(images: torch.Tensor, factor: float) -> torch.Tensor:
    """Resize images (N, C, H, W) as published: bilinear at (i + 0.5) / factor - 0.5."""
    result = images.double().numpy()
    for axis in (2, 3):
        length = result.shape[axis]
        centre = (np.arange(int(length * factor)) + 0.5) / factor - 0.5
        centre = centre.clip(0, None)  # at the lower edge; there is nothing beyond the upper one
        low = np.floor(centre).astype(int).clip(0, length - 1)
        high = (low + 1).clip(0, length - 1)
        weight = (centre - low).reshape([-1 if i == axis else 1 for i in range(4)])
        result = result.take(low, axis) * (1 - weight) + result.take(high, axis) * weight
    return torch.from_numpy(result).to(images)


def pillow_nearest(maps: torch.Tensor, size) -> np.ndarray:
    """Resize (N, 1, H, W) as the published code does, by Pillow."""
    resized = [
        Image.fromarray(one[0].float().numpy()).resize(tuple(size)[::-1], Image.NEAREST)
        for one in maps
    ]
    return np.stack([np.asarray(one) for one in resized])


def cross_entropy(scores: torch.Tensor, labels: np.ndarray, weights: np.ndarray | None) -> float:
    """Mean over all pixels that are not ignored, pixel by pixel."""
    log_probabilities = scores.detach().double().log_softmax(1).numpy()
    total, count = 0.0, 0
    for place in np.argwhere(labels != 255):
        n, y, x = place
        weight = 1.0 if weights is None else float(weights[n, y, x])
        total -= weight * log_probabilities[n, int(labels[n, y, x]), y, x]
        count += 1
    return total / count


@pytest.mark.parametrize('weighted', [False, True])
def test_every_scale_and_the_maximum_have_a_loss(weighted):
    model = build(scales=(1.0, 0.75, 0.5))
    inputs, samples = make_batch(weighted)
    losses = model.loss(inputs, samples)

    scores = []
    for factor in (1.0, 0.75, 0.5):
        scores.append(model.decode_head(model.backbone(scaled(inputs, factor))))
    sizes = [one.shape[2:] for one in scores]
    assert len(set(sizes)) == 3
    upsampled = [F.interpolate(one, sizes[0], mode='bilinear') for one in scores]
    scores.append(torch.stack(upsampled).amax(0))
    labels = torch.stack([sample.gt_sem_seg.data for sample in samples])
    weights = torch.stack([s.gt_weight_map.data for s in samples]) if weighted else None

    names = ['decode', 'decode_x0.75', 'decode_x0.5', 'decode_max']
    assert [name for name in losses if 'loss' in name] == [f'{name}.loss_ce' for name in names]
    for name, one in zip(names, scores):
        size = one.shape[2:]
        given = pillow_nearest(weights, size) if weighted else None
        expected = cross_entropy(one, pillow_nearest(labels, size), given)
        assert losses[f'{name}.loss_ce'].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize('size', [(64, 64), (65, 65), (96, 72), (161, 161)])
def test_scales_sample_the_image_as_published(size):
    images = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 3, *size)))
    model = build(scales=(1.0, 0.75, 0.5)).double()
    seen = []
    model.extract_feat = lambda x: seen.append(x) or [x.new_zeros(1, 16, 4, 4)] * 2
    model._scores_of_scales(images, model.extract_feat(images))
    for image, factor in zip(seen, (1.0, 0.75, 0.5), strict=True):
        torch.testing.assert_close(image, scaled(images, factor), rtol=0, atol=1e-12)


def test_one_scale_is_the_loss_of_mmseg():
    model = build(auxiliary_head=AUXILIARY)
    inputs, samples = make_batch()
    plain = MODELS.get('mmseg.EncoderDecoder').loss(model, inputs, samples)
    losses = model.loss(inputs, samples)
    assert {'decode.loss_ce', 'aux.loss_ce'} < losses.keys() == plain.keys()
    for name, value in plain.items():
        assert torch.equal(losses[name], value)


def test_weights_of_one_change_nothing_and_of_zero_take_pixels_out():
    model = build(auxiliary_head=AUXILIARY)
    inputs, samples = make_batch()
    plain = model.loss(inputs, samples)
    for sample in samples:
        sample.gt_weight_map = PixelData(data=torch.ones(1, *SIZE))
    assert {k: v.item() for k, v in model.loss(inputs, samples).items()} == {
        k: v.item() for k, v in plain.items()
    }
    for sample in samples:
        sample.gt_weight_map.data[..., 20:] = 0
    half = model.loss(inputs, samples)
    for sample in samples:
        sample.gt_weight_map.data[..., 20:] = 1
        sample.gt_weight_map.data[..., :20] = 0
    other = model.loss(inputs, samples)
    for name in ('decode.loss_ce', 'aux.loss_ce'):
        assert 0 < half[name] < plain[name]
        torch.testing.assert_close(half[name] + other[name], plain[name])


def test_weights_smaller_than_padded_labels_belong_to_their_first_rows():
    model = build()
    inputs, samples = make_batch(weighted=True, cropped=(7, 9))
    small = model.loss(inputs, samples)['decode.loss_ce']
    for sample in samples:
        padded = torch.full((1, *SIZE), 0.5)  # of no account: the label is ignored there
        padded[:, : SIZE[0] - 7, : SIZE[1] - 9] = sample.gt_weight_map.data
        sample.gt_weight_map = PixelData(data=padded)
    assert torch.equal(model.loss(inputs, samples)['decode.loss_ce'], small)
    assert model.decode_head.sampler is None


def test_weights_that_would_be_lost_are_an_error():
    inputs, samples = make_batch(weighted=True)
    sampler = dict(type='OHEMPixelSampler', thresh=0.7, min_kept=10)
    with pytest.raises(ValueError, match='DeepLabV2Head has a pixel sampler'):
        build(decode_head=dict(HEAD, sampler=sampler)).loss(inputs, samples)
    del samples[0].gt_weight_map
    with pytest.raises(ValueError, match='some images of the batch have weights'):
        build().loss(inputs, samples)


def test_testing_takes_the_maximum_over_the_scales_if_told_to():
    inputs, _ = make_batch()
    scales = (1.0, 0.5)
    single = build(scales=scales).eval()
    fused = build(scales=scales, test_cfg=dict(mode='whole', fuse_scales=True)).eval()
    metas = [dict(img_shape=SIZE)] * 2
    with torch.no_grad():
        large = fused.decode_head(fused.backbone(inputs))
        small = fused.decode_head(fused.backbone(scaled(inputs, 0.5)))
        small = F.interpolate(small, large.shape[2:], mode='bilinear')
        for model, expected in ((single, large), (fused, torch.maximum(large, small))):
            expected = F.interpolate(expected, SIZE, mode='bilinear')
            torch.testing.assert_close(model.encode_decode(inputs, metas), expected)
    assert not torch.equal(large, torch.maximum(large, small))


@pytest.mark.parametrize('scales', [(), (0.5, 1.0), (1.0, 0.0)])
def test_wrong_scales_are_an_error(scales):
    with pytest.raises(ValueError, match='begin with 1'):
        build(scales=scales)


def test_channels_last_changes_no_loss():
    inputs, samples = make_batch()
    plain, last = build(), build(channels_last=True)
    last.load_state_dict(plain.state_dict())
    weight = last.decode_head.conv_seg[0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    losses = last.loss(inputs, samples)
    for name, value in plain.loss(inputs, samples).items():
        torch.testing.assert_close(losses[name], value)
