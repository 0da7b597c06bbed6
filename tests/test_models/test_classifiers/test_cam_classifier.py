"""The head's class maps are the CAM, and inference over views does what it says."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from PIL import Image
from torch import nn

from mmwsss.models.classifiers import CAMViews, normalize_by_maximum, views_cam
from mmwsss.ops.resizing import resize_images
from mmwsss.registry import MODELS

NUM_CLASSES = 4


@MODELS.register_module()
class SumOfColours(nn.Module):
    """A backbone without padding or offset: non-overlapping 4×4 means of the colours, ReLU."""

    def __init__(self, stride: int = 4) -> None:
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.randn(6, 3, 1, 1))

    def init_weights(self) -> None:
        """Nothing to do."""

    def forward(self, x):
        return (F.conv2d(F.avg_pool2d(x, self.stride), self.weight).relu(),)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmwsss'):
        yield


def classifier(**kwargs):
    torch.manual_seed(0)
    head = dict(type='CAMHead', num_classes=NUM_CLASSES, in_channels=6, dropout=0.0)
    head.update(kwargs.pop('head', {}))
    model = MODELS.build(
        dict(
            type='CAMClassifier',
            backbone=dict(type='SumOfColours'),
            data_preprocessor=dict(mean=[0.0] * 3, std=[1.0] * 3, num_classes=NUM_CLASSES),
            head=head,
            **kwargs,
        )
    )
    return model.double().eval()


def sample(*labels, **meta):
    return DataSample(metainfo=dict(num_classes=NUM_CLASSES, **meta)).set_gt_label(list(labels))


def make_image(height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(3, height, width, generator=generator, dtype=torch.float64)


def predict(model, images, samples):
    return model.predict([p.double() for p in images], samples)


def test_mean_of_the_class_map_is_the_logit():
    model = classifier(head=dict(mid_channels=5))
    x = torch.stack([make_image(16, 24), make_image(16, 24, seed=1)])
    logits = model.head(model.extract_feat(x))
    torch.testing.assert_close(model.class_maps(x).mean((2, 3)), logits)


def test_class_map_is_the_classifiers_weighting_of_the_features():
    # (2.1): M^c = theta_c . f, and its mean what pooling before classifying gives
    model = classifier()
    x = make_image(16, 24)[None]
    (features,) = model.extract_feat(x)
    theta = model.head.classifier.weight[:, :, 0, 0]
    torch.testing.assert_close(model.class_maps(x), torch.einsum('ck,nkhw->nchw', theta, features))
    pooled = F.adaptive_avg_pool2d(features, 1).flatten(1)
    torch.testing.assert_close(model.head((features,)), pooled @ theta.T)


def test_prediction_follows_a_mirrored_image():
    model = classifier(test_cfg=dict(scales=(0.5, 1.0, 2.0), flip=True))
    image = make_image(32, 48)
    (plain,) = predict(model, [image], [sample(0, 2)])
    (mirrored,) = predict(model, [image.flip(-1)], [sample(0, 2)])
    torch.testing.assert_close(mirrored.cam, plain.cam.flip(-1))


def test_flip_makes_an_asymmetric_network_symmetric():
    def network(x):
        return F.avg_pool2d(x, 4) * torch.arange(x.shape[-1] // 4)

    image = make_image(16, 32)[None]
    pairs = torch.tensor([[0, 1]])
    views = CAMViews(flip=True)
    both = views_cam(network, image, pairs, views)
    torch.testing.assert_close(views_cam(network, image.flip(-1), pairs, views), both.flip(-1))
    assert not torch.allclose(network(image.flip(-1)), network(image).flip(-1))


def test_scales_of_a_plain_image_agree():
    # an image of one colour has the same map at every scale, so that views only add up
    model = classifier()
    image = torch.full((1, 3, 32, 48), 0.5, dtype=torch.float64)
    pairs = torch.tensor([[0, 0]])
    one = views_cam(model.class_maps, image, pairs, CAMViews((1.0,), cam_stride=4))
    three = views_cam(model.class_maps, image, pairs, CAMViews((0.5, 1.0, 2.0), cam_stride=4))
    torch.testing.assert_close(three, 3 * one)


def test_views_equal_a_loop_over_views_and_classes():
    model = classifier()
    images = torch.stack([make_image(32, 48), make_image(32, 48, seed=1)])
    pairs = torch.tensor([[0, 1], [0, 3], [1, 2]])
    views = CAMViews((0.5, 1.0, 1.5), flip=True, cam_stride=4)
    merged = views_cam(model.class_maps, images, pairs, views)
    for position, (index, label) in enumerate(pairs.tolist()):
        expected = torch.zeros(8, 12, dtype=torch.float64)
        for scale in (0.5, 1.0, 1.5):
            size = (int(32 * scale), int(48 * scale))
            for flip in (False, True):
                view = F.interpolate(
                    images[index : index + 1], size, mode='bicubic', antialias=True
                )
                view = view.flip(-1) if flip else view
                response = model.class_maps(view)[:, label : label + 1].relu()
                response = response.flip(-1) if flip else response
                expected += F.interpolate(response, (8, 12), mode='bilinear')[0, 0]
        torch.testing.assert_close(merged[position], expected)


def cubic_resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image (C, H, W) by the cubic kernel of a = -0.5, as PIL does, in float64."""

    def kernel(x):
        x = np.abs(x)
        near = 1.5 * x**3 - 2.5 * x**2 + 1
        far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        return np.where(x < 1, near, np.where(x < 2, far, 0))

    for axis, length in ((1, size[0]), (2, size[1])):
        ratio = image.shape[axis] / length
        centre = (np.arange(length) + 0.5) * ratio
        pixel = np.arange(image.shape[axis]) + 0.5
        weight = kernel((pixel - centre[:, None]) / max(ratio, 1))
        weight /= weight.sum(1, keepdims=True)  # the pixels beyond the edge are left out
        image = np.moveaxis(np.tensordot(image, weight, (axis, 1)), -1, axis)
    return image


@pytest.mark.parametrize('scale', [0.5, 0.75, 1.5, 2.0])
def test_views_are_resized_by_the_cubic_kernel_of_pil(scale):
    image = make_image(18, 25)
    resized = resize_images(image[None], scale, 'bicubic')[0].numpy()
    expected = cubic_resized(image.numpy(), resized.shape[1:])
    np.testing.assert_allclose(resized, expected, atol=1e-12)
    # PIL itself, which rounds to 8 bits twice.
    levels = (image * 127 + 64).round()
    grown = resize_images(levels[None], scale, 'bicubic')[0].clamp(0, 255)
    pil = Image.fromarray(levels.byte().permute(1, 2, 0).numpy())
    pil = np.asarray(pil.resize(grown.shape[:0:-1], Image.BICUBIC), float)
    assert np.abs(grown.permute(1, 2, 0).numpy() - pil).max() < 1.2


@pytest.mark.parametrize('source, merge', [('sub_max', np.max), ('sub_sum', np.sum)])
def test_maps_of_sub_categories_are_summed_over_views_before_they_are_merged(source, merge):
    head = dict(type='SubCategoryHead', num_subcategories=3, cam_source=source)
    model = classifier(head=head, test_cfg=dict(scales=(0.5, 1.0), flip=True, cam_stride=4))
    images = torch.stack([make_image(32, 48), make_image(32, 48, seed=1)])
    present = torch.tensor([[0, 1, 0, 1], [1, 0, 0, 0]], dtype=torch.bool)
    maps, pairs = model.extract_cam(images, present)
    assert pairs.tolist() == [[0, 1], [0, 3], [1, 0]]
    for row, (index, label) in enumerate(pairs.tolist()):
        summed = np.zeros((3, 8, 12))
        for scale in (0.5, 1.0):
            for flip in (False, True):
                view = resize_images(images[index : index + 1], scale, 'bicubic')
                view = view.flip(-1) if flip else view
                feature = model.extract_feat(view)[0]
                response = model.head.sub_classifier(feature)[:, 3 * label : 3 * label + 3].relu()
                response = response.flip(-1) if flip else response
                summed += F.interpolate(response, (8, 12), mode='bilinear')[0].detach().numpy()
        merged = merge(summed, 0)
        np.testing.assert_allclose(maps[row].detach(), merged / (merged.max() + 1e-5), atol=1e-9)


def test_a_batch_of_sizes_equals_single_images():
    model = classifier(test_cfg=dict(scales=(1.0, 1.5), flip=True, cam_stride=4))
    sizes = [(32, 48), (24, 24), (32, 48), (17, 30)]
    labels = [(0,), (1, 2), (0, 3), (2,)]
    images = [make_image(*size, seed=i) for i, size in enumerate(sizes)]
    batch = predict(model, images, [sample(*x) for x in labels])
    for image, label, together in zip(images, labels, batch):
        (alone,) = predict(model, [image], [sample(*label)])
        torch.testing.assert_close(together.cam, alone.cam)
        assert together.cam_classes.tolist() == list(label)
        assert together.cam.shape[1:] == (-(-image.shape[1] // 4), -(-image.shape[2] // 4))


def test_maps_are_divided_by_their_own_maximum():
    cam = torch.rand(3, 4, 5, dtype=torch.float64) * torch.tensor([1.0, 7.0, 0.0])[:, None, None]
    normal = normalize_by_maximum(cam)
    expected = torch.stack([m / (m.max() + 1e-5) for m in cam])
    torch.testing.assert_close(normal, expected)
    assert normal.max() < 1 and normal[2].eq(0).all()


def test_which_classes_get_a_map():
    image = make_image(32, 48)
    (by_label,) = predict(classifier(), [image], [sample(3, 1)])
    assert by_label.cam_classes.tolist() == [1, 3]
    model = classifier(test_cfg=dict(classes='all'))
    assert len(predict(model, [image], [DataSample()])[0].cam) == NUM_CLASSES
    model = classifier(test_cfg=dict(classes='scores', score_thr=0.999))
    scores = model.class_maps(image[None]).mean((2, 3))
    (best,) = predict(model, [image], [DataSample()])
    assert best.cam_classes.tolist() == [scores.argmax().item()]


def test_image_without_labels_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r'cat\.jpg has no image-level labels'):
        predict(classifier(), [make_image(16, 16)], [DataSample(metainfo=dict(img_path='cat.jpg'))])


def test_image_of_no_class_gives_no_map():
    empty = DataSample(gt_label=torch.empty(0, dtype=torch.long))
    (result,) = predict(classifier(test_cfg=dict(flip=True)), [make_image(16, 16)], [empty])
    assert result.cam.shape == (0, 4, 4)


def test_map_that_is_not_finite_is_an_error_that_names_the_image():
    model = classifier()
    model.head.classifier.weight.data.fill_(float('nan'))
    with pytest.raises(FloatingPointError, match=r'cat\.jpg'):
        predict(model, [make_image(16, 16)], [sample(0, img_path='cat.jpg')])


def test_validation_uses_its_own_views():
    model = classifier(test_cfg=dict(cam_stride=2), val_cfg=dict(cam_stride=8)).float()
    data = dict(inputs=[make_image(16, 16).float()], data_samples=[sample(0)])
    assert model.val_step(data)[0].cam.shape == (1, 2, 2)
    assert model.test_step(data)[0].cam.shape == (1, 8, 8)


@pytest.mark.parametrize(
    'cfg, word',
    [
        (dict(scales=()), 'scales'),
        (dict(scales=(0.0,)), 'scales'),
        (dict(cam_stride=0), 'cam_stride'),
        (dict(interpolation='area'), 'interpolation'),
        (dict(classes='some'), 'classes'),
    ],
)
def test_wrong_views_are_named(cfg, word):
    with pytest.raises(ValueError, match=word):
        classifier(test_cfg=cfg)


def test_channels_last_changes_nothing_but_memory():
    image = make_image(32, 48)
    plain, fast = classifier(), classifier(channels_last=True)
    (a,), (b,) = (predict(m, [image], [sample(0)]) for m in (plain, fast))
    torch.testing.assert_close(a.cam, b.cam)
    assert fast.head.classifier.weight.is_contiguous(memory_format=torch.channels_last)
