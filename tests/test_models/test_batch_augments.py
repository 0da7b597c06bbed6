from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import HOOKS, DefaultScope
from mmpretrain.structures import DataSample
from repo import CONFIGS

from mmwsss.models import CAMDataPreprocessor
from mmwsss.models.batch_augments import PerImageMixup

ALPHA = 0.5
SCORES = torch.eye(6)[[0, 1, 2, 3, 4, 4]]


def mixed(augment: PerImageMixup, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix images whose every pixel is their labels, so that both can be compared."""
    np.random.seed(seed)
    torch.manual_seed(seed)
    images = SCORES[:, :3, None, None].expand(-1, -1, 4, 5).clone()
    return augment(images, SCORES)


def test_images_and_labels_are_mixed_by_the_same_shares() -> None:
    images, scores = mixed(PerImageMixup(ALPHA), 0)
    assert images.shape == (6, 3, 4, 5)
    torch.testing.assert_close(images, scores[:, :3, None, None].expand_as(images))
    torch.testing.assert_close(scores.sum(1), torch.ones(6))


def test_every_image_has_a_share_of_its_own() -> None:
    shares = torch.cat([mixed(PerImageMixup(ALPHA), seed)[1].amax(1) for seed in range(5)])
    partly = shares[(shares > 0.5) & (shares < 1)]
    assert len(partly.unique()) > 20


def test_shares_follow_the_beta_distribution() -> None:
    torch.manual_seed(0)
    np.random.seed(0)
    inputs = torch.randn(4000, 1, 1, 1)
    labels = torch.eye(2).repeat(2000, 1)
    _, scores = PerImageMixup(ALPHA)(inputs, labels)
    different = scores[(scores > 0) & (scores < 1)]
    # Beta(1/2, 1/2) is the arcsine distribution: a third of it lies within [1/4, 3/4].
    inside = ((different > 0.25) & (different < 0.75)).float().mean().item()
    assert inside == pytest.approx(1 / 3, abs=0.05)


def test_labels_in_full_between_the_bounds() -> None:
    for seed in range(5):
        images, plain = mixed(PerImageMixup(ALPHA), seed)
        same_images, scores = mixed(PerImageMixup(ALPHA, full_between=(0.3, 0.7)), seed)
        assert torch.equal(images, same_images)
        share = plain.amax(1)
        pair = (plain > 0).sum(1) == 2
        full = pair & (share < 0.7)
        assert torch.equal(scores[full], (plain[full] > 0).float())
        assert torch.equal(scores[pair & ~full], plain[pair & ~full])


def test_bounds_must_be_ordered() -> None:
    with pytest.raises(ValueError, match='two bounds'):
        PerImageMixup(ALPHA, full_between=(0.7, 0.3))


@pytest.mark.parametrize('name', ['PerImageMixup', 'mmwsss.PerImageMixup', 'mmpretrain.CutMix'])
def test_configs_name_it(name: str) -> None:
    with DefaultScope.overwrite_default_scope('mmwsss'):
        preprocessor = CAMDataPreprocessor(
            num_classes=6, batch_augments=dict(augments=[dict(type=name, alpha=ALPHA)])
        )
    augment = preprocessor.batch_augments.augment.augments[0]
    assert type(augment).__name__ == name.rpartition('.')[2]


def test_mixup_ends_with_the_recipe() -> None:
    cfg = Config.fromfile(CONFIGS / 'voc8/mixup-half_efficientnet-lite0_voc8.py')
    *_, recipe = cfg.custom_hooks
    with DefaultScope.overwrite_default_scope('mmwsss'):
        hook = HOOKS.build(recipe)
        preprocessor = CAMDataPreprocessor(
            num_classes=6, batch_augments=dict(cfg.model.train_cfg.to_dict())
        )
    runner = SimpleNamespace(
        model=SimpleNamespace(data_preprocessor=preprocessor),
        logger=MMLogger.get_current_instance(),
    )
    mixed_in = []
    for epoch in range(cfg.train_cfg.max_epochs):
        runner.epoch = epoch
        hook.before_train_epoch(runner)
        mixed_in.append(preprocessor.batch_augments is not None)
    assert mixed_in == [True] * 4 + [False] * 2


def test_a_recipe_may_change_to_another_augmentation() -> None:
    switch = dict(action_epoch=1, batch_augments=dict(augments=[dict(type='CutMix', alpha=1.0)]))
    with DefaultScope.overwrite_default_scope('mmwsss'):
        hook = HOOKS.build(dict(type='mmpretrain.SwitchRecipeHook', schedule=[switch]))
        preprocessor = CAMDataPreprocessor(
            num_classes=6,
            batch_augments=dict(augments=[dict(type='mmpretrain.Mixup', alpha=1.0)]),
        )
    runner = SimpleNamespace(
        model=SimpleNamespace(data_preprocessor=preprocessor),
        logger=MMLogger.get_current_instance(),
        epoch=0,
    )
    hook.before_train_epoch(runner)
    samples = [DataSample().set_gt_label(label) for label in range(6)]
    images = [torch.rand(3, 8, 8) for _ in samples]
    data = preprocessor(dict(inputs=images, data_samples=samples), training=True)
    weights = torch.stack([sample.mix_weights for sample in data['data_samples']])
    scores = torch.stack([sample.gt_score for sample in data['data_samples']])
    torch.testing.assert_close(weights.sum(1), torch.ones(6))
    torch.testing.assert_close(scores, weights)  # image i shows class i


def test_half_of_the_batches_are_mixed() -> None:
    preprocessor = CAMDataPreprocessor(
        num_classes=6,
        batch_augments=dict(augments=[dict(type='mmpretrain.Mixup', alpha=1.0)], probs=[0.5]),
    )
    np.random.seed(0)
    torch.manual_seed(0)
    images = torch.rand(6, 3, 2, 2)
    unmixed = 0
    for _ in range(200):
        inputs, scores = preprocessor.batch_augments(images.clone(), SCORES)
        whole = torch.equal(inputs, images)
        assert whole == torch.equal(preprocessor.batch_augments.weights, torch.eye(6))
        assert not whole or torch.equal(scores, SCORES)
        unmixed += whole
    assert 70 < unmixed < 130
