"""Heads: mixed labels, names of losses, regularisers by config."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from mmwsss.models.losses import class_entropy, concentration
from mmwsss.registry import MODELS

REGULARIZERS = dict(
    loss_ent=dict(type='ClassEntropyLoss', loss_weight=0.02),
    loss_con=dict(type='ConcentrationLoss', coordinates='cells', loss_weight=2e-4),
)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmwsss'):
        yield


def mixup_head(regularizers=None, **kwargs):
    cfg = dict(type='MixupCAMHead', num_classes=3, in_channels=5, dropout=0.0, **kwargs)
    return MODELS.build(dict(cfg, regularizers=regularizers or REGULARIZERS))


def test_objective_is_the_sum_of_its_named_terms():
    # (2.5)
    torch.manual_seed(0)
    head = mixup_head()
    feats = (torch.randn(2, 5, 4, 6),)
    samples = [DataSample().set_gt_score(torch.tensor(x)) for x in ([1.0, 0.3, 0], [0, 0.7, 0.0])]
    losses = head.loss(feats, samples)
    cam = head.class_maps(feats)
    target = torch.tensor([[1.0, 0.3, 0.0], [0.0, 0.7, 0.0]])
    torch.testing.assert_close(losses['loss_ent'], 0.02 * class_entropy(cam).mean())
    torch.testing.assert_close(
        losses['loss_con'], 2e-4 * concentration(cam, target > 0, 'cells').mean()
    )
    expected = torch.nn.functional.binary_cross_entropy_with_logits(cam.mean((2, 3)), target)
    torch.testing.assert_close(losses['loss_cls'], expected)
    assert sorted(losses) == ['loss_cls', 'loss_con', 'loss_ent']


def test_hard_labels_become_one_hot():
    head = MODELS.build(dict(type='CAMHead', num_classes=3, in_channels=5))
    labels = head.stack_labels([DataSample().set_gt_label([0, 2])], torch.device('cpu'))
    assert labels.tolist() == [[1.0, 0.0, 1.0]]


def test_mixup_mixes_images_and_labels_alike():
    # (2.2) through the data preprocessor
    model = MODELS.build(
        dict(
            type='CAMClassifier',
            backbone=dict(type='mmpretrain.ResNet', depth=18),
            head=dict(type='CAMHead', num_classes=3, in_channels=512),
            data_preprocessor=dict(mean=[0.0] * 3, std=[1.0] * 3, num_classes=3),
            train_cfg=dict(augments=[dict(type='mmpretrain.Mixup', alpha=1.0)]),
        )
    )
    np.random.seed(3)
    torch.manual_seed(3)
    images = [torch.full((3, 8, 8), float(value)) for value in (0, 1)]
    samples = [DataSample().set_gt_label([0, 1]), DataSample().set_gt_label([2])]
    data = model.data_preprocessor(dict(inputs=images, data_samples=samples), training=True)
    for mixed, sample in zip(data['inputs'], data['data_samples']):
        share = mixed.mean()
        torch.testing.assert_close(sample.gt_score, torch.stack([1 - share, 1 - share, share]))


def test_a_regulariser_is_taken_away_by_config():
    head = mixup_head(dict(REGULARIZERS, loss_ent=None))
    assert list(head.regularizers) == ['loss_con']


def test_a_regulariser_without_a_loss_name_is_an_error():
    with pytest.raises(ValueError, match="must start with 'loss_'"):
        mixup_head(dict(entropy=dict(type='ClassEntropyLoss')))


def test_thesis_adapter_has_512_channels():
    head = mixup_head(mid_channels=512)
    head.init_weights()
    assert head.adapter.conv.weight.shape == (512, 5, 3, 3)
    assert head.classifier.weight.shape == (3, 512, 1, 1) and head.classifier.bias is None
    bound = (6 / (512 + 3)) ** 0.5  # Xavier uniform
    assert head.classifier.weight.abs().max() <= bound
    assert head.classifier.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)


def test_vector_of_features_is_refused_with_the_remedy():
    head = MODELS.build(dict(type='CAMHead', num_classes=3, in_channels=5))
    with pytest.raises(ValueError, match="out_type='featmap'"):
        head((torch.zeros(2, 5),))


def test_responses_are_bounded_by_config():
    torch.manual_seed(0)
    plain, bounded = mixup_head(), mixup_head(max_response=3.0)
    bounded.load_state_dict(plain.state_dict())
    feats = (100 * torch.randn(2, 5, 4, 6),)
    maps, limited = plain.class_maps(feats), bounded.class_maps(feats)
    assert maps.abs().max() > 3 >= limited.abs().max()
    torch.testing.assert_close(limited, 3 * (maps / 3).tanh())
    torch.testing.assert_close(bounded(feats), limited.mean((2, 3)))


def test_a_bound_must_be_positive():
    with pytest.raises(ValueError, match='max_response'):
        mixup_head(max_response=0.0)
