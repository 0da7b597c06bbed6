"""Sub-category labels by hand, (3.3) by loops, and the parent left as it was."""

import math

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import load_state_dict
from mmpretrain.structures import DataSample

from mmwsss.models.classifiers import CAMDataPreprocessor
from mmwsss.models.heads import MixupCAMHead, SubCategoryHead

CLASSES, COUNTS = 3, (2, 4, 3)
# Image 0 shows classes 0 and 2, image 1 class 1, image 2 all, image 3 class 2.
ASSIGNMENTS = torch.tensor([[1, -1, 0], [-1, 3, -1], [0, 2, 2], [-1, -1, 1]], dtype=torch.int32)
IMG_IDS = ['a', 'b', 'c', 'd']
SUB_LABELS = torch.tensor(
    [
        [0, 1, 0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 1, 0, 0, 0],
        [1, 0, 0, 0, 1, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0, 1, 0],
    ],
    dtype=torch.float32,
)
REGULARIZERS = dict(
    loss_ent=dict(type='ClassEntropyLoss', loss_weight=0.02),
    loss_con=dict(type='ConcentrationLoss', loss_weight=2e-4),
)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmwsss'):
        yield


def make_head(assigned=True, **kwargs):
    torch.manual_seed(0)
    settings = dict(
        num_classes=CLASSES, in_channels=5, dropout=0.0, num_subcategories=COUNTS, **kwargs
    )
    head = SubCategoryHead(**settings)
    if assigned:
        head.set_assignments(ASSIGNMENTS, 1, IMG_IDS)
    return head


def make_samples(*indices):
    samples = []
    for index in indices:
        sample = DataSample(metainfo=dict(sample_idx=index, num_classes=CLASSES))
        samples.append(sample.set_gt_label((ASSIGNMENTS[index] >= 0).nonzero()[:, 0]))
    return samples


def features(count=4, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(count, 5, 3, 4, generator=generator),)


def test_labels_of_images_with_several_parents_by_hand():
    head = make_head()
    torch.testing.assert_close(head.sub_labels(make_samples(0, 1, 2, 3)), SUB_LABELS)
    torch.testing.assert_close(head.sub_labels(make_samples(2, 0, 2)), SUB_LABELS[[2, 0, 2]])


def bce(logit, label):
    return -label * math.log(1 / (1 + math.exp(-logit))) - (1 - label) * math.log(
        1 / (1 + math.exp(logit))
    )


def test_joint_objective_equals_the_loops():
    head = make_head().double()
    samples, (feature,) = make_samples(0, 1, 2, 3), features()
    theta_p = head.classifier.weight[:, :, 0, 0].tolist()
    theta_s = head.sub_classifier.weight[:, :, 0, 0].tolist()
    total = 0.0
    for i in range(4):
        pooled = [
            sum(feature[i, d].double().flatten().tolist()) / 12 for d in range(feature.shape[1])
        ]
        parent = [sum(t * f for t, f in zip(theta, pooled)) for theta in theta_p]
        sub = [sum(t * f for t, f in zip(theta, pooled)) for theta in theta_s]
        loss_p = sum(bce(x, float(ASSIGNMENTS[i, c] >= 0)) for c, x in enumerate(parent)) / 3
        loss_s = sum(bce(x, float(SUB_LABELS[i, s])) for s, x in enumerate(sub)) / 9
        total += (loss_p + 5 * loss_s) / 4
    losses = head.loss((feature.double(),), samples)
    assert set(losses) == {'loss_cls', 'loss_sub'}
    assert float(losses['loss_cls'] + losses['loss_sub']) == pytest.approx(total, rel=1e-6)


def test_losses_of_the_parent_stay_what_they_are():
    head = make_head(regularizers=REGULARIZERS)
    parent = MixupCAMHead(REGULARIZERS, num_classes=CLASSES, in_channels=5, dropout=0.5)
    head.dropout = parent.dropout
    parent.classifier.load_state_dict(head.classifier.state_dict())
    torch.manual_seed(3)
    expected = parent.loss(features(), make_samples(0, 1, 2, 3))
    torch.manual_seed(3)
    losses = head.loss(features(), make_samples(0, 1, 2, 3))
    assert set(losses) == {*expected, 'loss_sub'}
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, rtol=0, atol=0)


def test_mixup_mixes_sub_categories_as_it_mixes_classes():
    preprocessor = CAMDataPreprocessor(
        num_classes=CLASSES, batch_augments=dict(augments=dict(type='mmpretrain.Mixup', alpha=1.0))
    )
    inputs = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 2, 2).clone()
    np.random.seed(5)
    torch.manual_seed(5)
    data = preprocessor(dict(inputs=inputs, data_samples=make_samples(0, 1, 2, 3)), training=True)
    # The same draws again.
    np.random.seed(5)
    torch.manual_seed(5)
    np.random.choice(1)
    lam, partner = np.random.beta(1.0, 1.0), torch.randperm(4)
    assert (partner != torch.arange(4)).any() and 0.01 < lam < 0.99
    torch.testing.assert_close(
        data['inputs'][:, 0, 0, 0], lam * torch.arange(4.0) + (1 - lam) * partner
    )
    samples = data['data_samples']
    scores = (ASSIGNMENTS >= 0).float()
    torch.testing.assert_close(
        torch.stack([sample.gt_score for sample in samples]),
        lam * scores + (1 - lam) * scores[partner],
    )
    labels = make_head().sub_labels(samples)
    torch.testing.assert_close(labels, lam * SUB_LABELS + (1 - lam) * SUB_LABELS[partner])
    # A parent's sub-labels sum to its label, so that those of an absent one are 0.
    sums = torch.stack([part.sum(1) for part in labels.split(COUNTS, 1)], 1)
    torch.testing.assert_close(sums, torch.stack([sample.gt_score for sample in samples]))


def test_sub_category_that_both_images_of_a_full_pair_have_counts_once():
    samples = make_samples(0, 0)
    for sample in samples:
        sample.set_field(torch.ones(2), 'mix_weights')  # both labels in full
    torch.testing.assert_close(make_head().sub_labels(samples), SUB_LABELS[[0, 0]])


def test_bound_of_responses_holds_in_training_too():
    head = make_head(max_response=1e-3)
    cam = []
    head.loss_by_cam = lambda maps, target: cam.append(maps) or {}
    head.loss(features(), make_samples(0, 1, 2, 3))
    assert cam[0].abs().max() <= 1e-3


def test_round_0_has_no_sub_category_loss_but_every_parameter_in_the_graph():
    head = make_head(assigned=False)
    losses = head.loss(features(), make_samples(0, 1, 2, 3))
    assert losses['loss_sub'] == 0
    sum(losses.values()).backward()
    assert head.sub_classifier.weight.grad.abs().max() == 0
    assert head.classifier.weight.grad.abs().max() > 0


@pytest.mark.parametrize('source, merge', [('sub_max', max), ('sub_sum', sum)])
def test_merged_map_equals_the_loops(source, merge):
    head = make_head(cam_source=source)
    maps = head.sub_classifier(features()[0])
    present = torch.ones(4, CLASSES, dtype=torch.bool)
    present[1, 0] = present[2, 1] = present[2, 2] = False
    pairs, channels = present.nonzero(), head.response_channels(present).nonzero()
    images, sub_categories = channels.unbind(1)
    summed = head.response_maps(features())[images, sub_categories].relu()
    merged = head.merge_responses(summed, channels, pairs)
    assert merged.shape == (4 * CLASSES - 3, 3, 4)
    for row, (i, label) in enumerate(pairs.tolist()):
        first = sum(COUNTS[:label])
        for y, x in ((0, 0), (2, 3), (1, 2)):
            own = [max(0.0, float(maps[i, s, y, x])) for s in range(first, first + COUNTS[label])]
            assert float(merged[row, y, x].detach()) == pytest.approx(merge(own), abs=1e-6)


@pytest.mark.parametrize('source', ['parent', 'sub_max'])
def test_scores_are_those_of_the_parent(source):
    head, plain = make_head(cam_source=source), make_head()
    torch.testing.assert_close(head(features()), plain.class_maps(features()).mean((2, 3)))


def test_assignments_travel_in_a_checkpoint_of_any_number_of_images():
    other = make_head(assigned=False)
    other.load_state_dict(make_head().state_dict())
    torch.testing.assert_close(other.assignments, ASSIGNMENTS)
    assert other.round == 1
    # and a plain head's checkpoint has none
    missing = other.load_state_dict(
        MixupCAMHead({}, num_classes=CLASSES, in_channels=5).state_dict(), strict=False
    )
    assert set(missing.missing_keys) == {'sub_classifier.weight', *SubCategoryHead.CLUSTERS}


@pytest.mark.parametrize('wrong', [ASSIGNMENTS[:, :2], ASSIGNMENTS + 1])
def test_assignments_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match='do not fit'):
        make_head().set_assignments(wrong, 1, IMG_IDS)


@pytest.mark.parametrize(
    'counts, message', [((2, 4, 4), 'has 9 .*, model.head has 10'), ((3, 3, 3), 'has 4 .* class 1')]
)
def test_clusters_of_another_number_are_refused(counts, message):
    head = SubCategoryHead(num_classes=CLASSES, in_channels=5, num_subcategories=counts)
    with pytest.raises(ValueError, match=message):
        load_state_dict(head, make_head().state_dict())


def test_round_0_of_another_number_gives_the_parent_classifier():
    stored = make_head(assigned=False)
    head = SubCategoryHead(num_classes=CLASSES, in_channels=5, num_subcategories=6)
    load_state_dict(head, stored.state_dict())
    torch.testing.assert_close(head.classifier.weight, stored.classifier.weight)


def test_images_are_told_by_name_order_and_classes():
    loaded = make_head(assigned=False)
    loaded.load_state_dict(make_head().state_dict())
    presence = ASSIGNMENTS.numpy() >= 0
    assert loaded.assignments_belong_to(IMG_IDS, presence)
    assert not loaded.assignments_belong_to(['a', 'b', 'd', 'c'], presence)
    assert not loaded.assignments_belong_to(IMG_IDS, presence[::-1])


def test_cleared_assignments_are_those_of_a_new_head():
    head = make_head()
    head.clear_assignments()
    for name in SubCategoryHead.CLUSTERS:
        assert torch.equal(getattr(head, name), getattr(make_head(assigned=False), name)), name


def test_samples_without_index_are_refused():
    samples = [DataSample().set_gt_label([0])]
    with pytest.raises(KeyError, match='meta_keys'):
        make_head().loss(features(1), samples)
    with pytest.raises(KeyError, match='meta_keys'):
        make_head(assigned=False).loss(features(1), samples)


@pytest.mark.parametrize('wrong', [0, 2.5, (2, 3), (2, 0, 3), [2.5, 2, 2]])
def test_numbers_of_sub_categories_are_checked(wrong):
    with pytest.raises(ValueError, match='num_subcategories'):
        SubCategoryHead(num_classes=CLASSES, in_channels=5, num_subcategories=wrong)


def test_source_of_maps_is_checked():
    with pytest.raises(ValueError, match='cam_source'):
        make_head(cam_source='mean')
