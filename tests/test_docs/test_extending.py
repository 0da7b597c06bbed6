"""The examples of docs/extending.md, as a user would write them: modules and configs."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from repo import DOCS

from mmwsss.refinement.refiners import ScoredImage
from mmwsss.registry import DATASETS, MODELS, REFINERS
from mmwsss.structures import DataError

BLOCK = re.compile(r'```python\n# (\w+\.py)\n(.*?)```', re.DOTALL)
REGISTRIES = (DATASETS, MODELS, REFINERS)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads a config of the page; its own modules leave the registries as they were."""
    for file, text in BLOCK.findall((DOCS / 'extending.md').read_text()):
        (tmp_path / file).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    for registry in REGISTRIES:
        monkeypatch.setattr(registry, '_module_dict', dict(registry.module_dict))

    def load(name: str) -> Config:
        return Config.fromfile(tmp_path / f'{name}_config.py')

    with DefaultScope.overwrite_default_scope('mmwsss'):
        yield load


def build_model(cfg: Config) -> torch.nn.Module:
    cfg.model.backbone.pop('init_cfg', None)
    torch.manual_seed(0)
    return MODELS.build(cfg.model)


def losses_of(model: torch.nn.Module, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    feats = model.extract_feat(torch.rand(len(labels), 3, 64, 64))
    return model.head.loss_by_cam(model.head.class_maps(feats), labels)


def test_backbone_trains_and_gives_class_maps(load):
    cfg = load('my_backbone')
    model = build_model(cfg)
    losses = losses_of(model, torch.eye(7)[:2])
    assert set(losses) == {'loss_cls', 'loss_ent', 'loss_con'}
    sum(losses.values()).backward()
    gradients = [weight.grad for weight in model.backbone.parameters()]
    assert len(gradients) == 8 and all(grad.abs().sum() > 0 for grad in gradients)
    assert model.head.class_maps(model.extract_feat(torch.rand(1, 3, 64, 96))).shape == (1, 7, 4, 6)


def test_loss_is_logged_beside_those_of_the_base(load):
    model = build_model(load('my_loss'))
    labels = torch.eye(7)[:2]
    assert set(losses_of(model, labels)) == {'loss_cls', 'loss_ent', 'loss_con', 'loss_absent'}
    cam = torch.full((1, 7, 2, 2), -1.0)
    cam[0, 2], cam[0, 3, 0, 0] = 5.0, 4.0  # class 2 is present, 3 is not
    value = model.head.regularizers['loss_absent'](cam, torch.eye(7)[2:3])
    torch.testing.assert_close(value, torch.tensor(0.1 * 4 / 4))


def test_refiner_runs_in_its_place(load):
    refiner = REFINERS.build(load('my_refiner').pseudo_labels.refiner)
    smooth, adaptive = refiner.steps()
    assert type(smooth).__name__ == 'Smooth' and type(adaptive).__name__ == 'PixelAdaptiveRefiner'
    scores = np.zeros((2, 9, 9), np.float32)
    scores[1, 4, 4] = 25
    scored = ScoredImage(np.zeros((9, 9, 3), np.uint8), scores, np.array([3]), 'a')
    refined = smooth.refine(scored).scores
    np.testing.assert_allclose(refined[1, 2:7, 2:7], 1, rtol=1e-6)
    assert refined.sum() == pytest.approx(25)
    assert refiner.refine(scored).scores.shape == (2, 9, 9)


def test_dataset_feeds_the_training(load, tmp_path, monkeypatch):
    cfg = load('my_dataset')
    monkeypatch.chdir(tmp_path)
    images = Path(cfg.train_dataloader.dataset.data_root) / 'images'
    images.mkdir(parents=True)
    for name in ('cat_1', 'cat+dog_2', 'dog_3'):
        cv2.imwrite(str(images / f'{name}.jpg'), np.full((40, 60, 3), 90, np.uint8))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert [dataset.get_data_info(i)['gt_label'] for i in range(3)] == [[0, 1], [0], [1]]
    model = build_model(cfg)
    batch = model.data_preprocessor(pseudo_collate([dataset[i] for i in range(3)]), training=True)
    losses = model(**batch, mode='loss')
    assert torch.isfinite(losses['loss_cls'])
    cv2.imwrite(str(images / 'cow_4.jpg'), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(DataError, match=r'cow_4\.jpg: unknown class'):
        DATASETS.build(cfg.train_dataloader.dataset)
