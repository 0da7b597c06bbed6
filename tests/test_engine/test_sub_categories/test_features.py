"""Features for the clustering against a plain forward pass of every image."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image
from sub_category_runs import LABELS, config, write_data

from mmwsss.engine.sub_categories.features import (
    extract_features,
    feature_loader,
    pair_places,
)
from mmwsss.registry import DATASETS, MODELS


@pytest.mark.parametrize('stage', ['pre_logits', 'backbone'])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_features_are_those_of_whole_images_in_eval_mode(tmp_path, stage, dtype):
    with DefaultScope.overwrite_default_scope('mmwsss'):
        data = write_data(tmp_path)
        cfg = config(data, data, backbone=dict(norm=True), head=dict(mid_channels=4))
        torch.manual_seed(0)
        model = MODELS.build(cfg['model']).train()
        model.backbone.norm.running_mean.uniform_(-1, -0.5)  # most features are positive
        model.backbone.norm.running_var.uniform_(0.5, 1.5)
        statistics = {name: value.clone() for name, value in model.named_buffers()}
        dataset = DATASETS.build(cfg['train_dataloader']['dataset'])
        rows = extract_features(model, feature_loader(dataset, None, 5, 0), stage, dtype)
    assert model.training
    for name, value in model.named_buffers():
        torch.testing.assert_close(value, statistics[name])
    expected = [pooled(model, data / 'images' / f'p{i:02}.png', stage) for i in range(12)]
    tolerance = 1e-5 if dtype == torch.float32 else 1e-3
    np.testing.assert_allclose(rows, np.stack(expected), rtol=tolerance, atol=tolerance)
    assert (rows.max(1) > 0.1).all()
    assert rows.dtype == str(dtype).removeprefix('torch.')


@pytest.mark.parametrize('stage', ['pre_logits', 'backbone'])
def test_features_of_classes_are_weighted_by_their_maps(tmp_path, stage):
    with DefaultScope.overwrite_default_scope('mmwsss'):
        data = write_data(tmp_path)
        cfg = config(data, data, head=dict(mid_channels=4))
        torch.manual_seed(0)
        model = MODELS.build(cfg['model'])
        dataset = DATASETS.build(cfg['train_dataloader']['dataset'])
        places = pair_places(np.array([[c in labels for c in range(3)] for labels in LABELS]))
        loader = feature_loader(dataset, None, 5, 0)
        rows = extract_features(model, loader, stage, torch.float32, places)
    expected = []
    for index, labels in enumerate(LABELS):
        feature = features_of(model, data / 'images' / f'p{index:02}.png', 'backbone')
        adapted = model.head.adapter(feature)
        for label in labels:
            weight = model.head.classifier(adapted)[0, label].relu().detach()
            weight = weight if weight.any() else torch.ones_like(weight)
            weight = weight / weight.sum()
            one = (adapted if stage == 'pre_logits' else feature)[0]
            expected.append((one * weight).sum((1, 2)).detach().numpy())
    np.testing.assert_allclose(rows, np.stack(expected), rtol=1e-5, atol=1e-6)


def test_pairs_are_numbered_image_by_image():
    presence = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0]], bool)
    assert pair_places(presence).tolist() == [[0, -1, 1], [-1, -1, 2], [3, 4, -1]]


def pooled(model, path, stage):
    """Mean over an image's cells, at its own size and by the stored statistics."""
    return features_of(model, path, stage)[0].mean((1, 2)).numpy()


def features_of(model, path, stage):
    """The features of an image's cells."""
    image = np.asarray(Image.open(path), np.float32)[..., ::-1] / 255  # BGR, as it is loaded
    model.eval()
    with torch.no_grad():
        feature = model.backbone(torch.from_numpy(image.copy()).permute(2, 0, 1)[None])[0]
        if stage == 'pre_logits':
            feature = model.head.adapter(feature)
    return feature
