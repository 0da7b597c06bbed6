"""Features for the clustering against a plain forward pass of every image."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image
from sub_category_runs import config, write_data

from mmwsss.engine.sub_categories.features import extract_features, feature_loader
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


def pooled(model, path, stage):
    """Mean over an image's cells, at its own size and by the stored statistics."""
    image = np.asarray(Image.open(path), np.float32)[..., ::-1] / 255  # BGR, as it is loaded
    model.eval()
    with torch.no_grad():
        feature = model.backbone(torch.from_numpy(image.copy()).permute(2, 0, 1)[None])[0]
        if stage == 'pre_logits':
            feature = model.head.adapter(feature)
    return feature[0].mean((1, 2)).numpy()
