"""Manifold mixup against image mixup, linear networks, and passes with maps mixed by hand."""

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import nn
from torch.utils.checkpoint import CheckpointError, checkpoint

from mmwsss.models.losses import ConcentrationLoss
from mmwsss.models.manifold_mixup import FeatureMix, ManifoldMixup
from mmwsss.models.mixing import Mix
from mmwsss.registry import MODELS

CLASSES, ALPHA = 4, 0.8
MIX = Mix(0.3, torch.tensor([2, 0, 3, 1]))
RESNET = dict(
    type='mmpretrain.ResNet',
    depth=18,
    stem_channels=4,
    base_channels=4,
    strides=(1, 1, 1, 1),
    deep_stem=False,
)
NETWORKS = {
    'efficientnet': (dict(type='EfficientNetLite'), 1280, 'backbone.layers.3'),
    'resnet': (RESNET, 32, 'backbone.layer2'),
    'resnet38': (dict(type='ResNet38', frozen_stages=0), 4096, 'backbone.b4_5'),
}


@MODELS.register_module()
class Chain(nn.Module):
    """An identity, and two convolutions with or without a ReLU between them."""

    def __init__(self, linear: bool = False, twice: bool = False) -> None:
        super().__init__()
        self.entry = nn.Identity()
        self.first = nn.Conv2d(3, 5, 3)
        self.between = nn.Identity() if linear else nn.ReLU()
        self.second = nn.Conv2d(5, 6, 2)
        self.unused = nn.Identity()
        self.twice = twice

    def init_weights(self) -> None:
        """Nothing to do."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        x = self.between(self.first(self.entry(x)))
        return (self.second(self.between(x) if self.twice else x),)


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmwsss'):
        yield


def classifier(augment: dict | None = None, head: dict | None = None, **settings) -> nn.Module:
    torch.manual_seed(0)
    cfg = dict(
        type='CAMClassifier',
        backbone=dict(type='Chain'),
        data_preprocessor=dict(mean=[0.5] * 3, std=[0.5] * 3, num_classes=CLASSES),
        head=dict(
            dict(type='CAMHead', num_classes=CLASSES, in_channels=6, dropout=0.0), **(head or {})
        ),
        train_cfg=dict(augments=[augment]) if augment else None,
    )
    return MODELS.build({**cfg, **settings}).train()


def manifold(*layers: str) -> dict:
    return dict(type='ManifoldMixup', alpha=ALPHA, layers=layers)


def seed(number: int) -> None:
    np.random.seed(number)
    torch.manual_seed(number)


def make_batch(size: int = 16, count: int = 4) -> dict:
    images = torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))
    samples = [DataSample().set_gt_label([i % CLASSES]) for i in range(count)]
    return dict(inputs=list(images), data_samples=samples)


def losses_of(model: nn.Module, number: int) -> dict[str, torch.Tensor]:
    seed(number)
    return model(**model.data_preprocessor(make_batch(), training=True), mode='loss')


def mixing_samples(layer: str, mix: Mix = MIX) -> list[DataSample]:
    scores = mix(torch.eye(4))
    samples = [DataSample().set_gt_score(row) for row in scores]
    for sample in samples:
        sample.set_field(FeatureMix(layer, mix), 'feature_mix', field_type='metainfo')
    return samples


def test_at_the_input_it_is_mixup_of_images() -> None:
    plain = classifier(dict(type='mmpretrain.Mixup', alpha=ALPHA)).data_preprocessor
    own = classifier(manifold('input')).data_preprocessor
    for number in range(3):
        batches = []
        for preprocessor in (plain, own):
            seed(number)
            batches.append(preprocessor(make_batch(), training=True))
        one, other = batches
        assert torch.equal(one['inputs'], other['inputs'])
        for sample, same in zip(one['data_samples'], other['data_samples'], strict=True):
            assert torch.equal(sample.gt_score, same.gt_score)
            assert torch.equal(sample.mix_weights, same.mix_weights)
            assert 'feature_mix' not in same


def test_after_an_identity_it_is_mixup_of_images() -> None:
    images = classifier(dict(type='mmpretrain.Mixup', alpha=ALPHA))
    maps = classifier(manifold('backbone.entry'))
    for number in range(3):
        assert torch.equal(
            losses_of(images, number)['loss_cls'], losses_of(maps, number)['loss_cls']
        )


@pytest.mark.parametrize('layer', ['entry', 'first', 'between', 'second'])
def test_scores_of_a_linear_network_mix_exactly(layer: str) -> None:
    model = classifier(backbone=dict(type='Chain', linear=True)).double()
    for convolution in (model.backbone.first, model.backbone.second):
        nn.init.normal_(convolution.bias)
    seen = []
    model.head.loss_by_cam = lambda cam, target: seen.append((cam, target)) or {}
    x = torch.rand(4, 3, 8, 8, dtype=torch.float64)
    model.loss(x, mixing_samples(f'backbone.{layer}'))
    ((cam, target),) = seen
    expected = model.class_maps(x)
    expected = 0.3 * expected + 0.7 * expected[[2, 0, 3, 1]]
    torch.testing.assert_close(cam, expected, rtol=1e-12, atol=1e-14)
    for i, other in enumerate((2, 0, 3, 1)):
        assert target[i, i].item() == pytest.approx(0.3)
        assert target[i, other].item() == pytest.approx(0.7)


@pytest.mark.parametrize('network', NETWORKS)
@pytest.mark.parametrize('with_cp', [False, True])
def test_loss_and_gradient_are_those_of_maps_mixed_by_hand(network: str, with_cp: bool) -> None:
    backbone, channels, layer = NETWORKS[network]
    model = classifier(backbone=dict(backbone, norm_eval=True), head=dict(in_channels=channels))
    x = torch.rand(4, 3, 16, 16)
    samples = mixing_samples(layer)

    def by_hand(module: nn.Module, args: tuple, output: object) -> object:
        several = output if isinstance(output, tuple) else (output,)
        rows = [torch.stack([0.3 * o[i] + 0.7 * o[j] for i, j in enumerate((2, 0, 3, 1))])
                for o in several]  # fmt: skip
        return tuple(rows) if isinstance(output, tuple) else rows[0]

    handle = model.get_submodule(layer).register_forward_hook(by_hand)
    plain = [DataSample().set_gt_score(sample.gt_score) for sample in samples]
    results = []
    for given in (plain, samples):
        torch.manual_seed(5)
        model.zero_grad()
        loss = model.loss(x, given)['loss_cls']
        loss.backward()
        results.append([loss, *(p.grad for p in model.parameters() if p.grad is not None)])
        handle.remove()
        model.backbone.with_cp = with_cp
        for module in model.modules():
            if hasattr(module, 'with_cp'):
                module.with_cp = with_cp
    assert len(results[0]) > 10
    for expected, value in zip(*results, strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-6)
    first = next(p for p in model.backbone.parameters() if p.requires_grad)
    assert first.grad.abs().sum() > 0


def test_a_share_of_one_changes_nothing() -> None:
    model = classifier(backbone=RESNET, head=dict(in_channels=32))
    x = torch.rand(4, 3, 32, 32)
    samples = mixing_samples('backbone.layer2', Mix(1.0, MIX.other))
    plain = [DataSample().set_gt_score(row) for row in torch.eye(4)]
    gradients = []
    for given in (samples, plain):
        model.zero_grad()
        loss = model.loss(x, given)['loss_cls']
        loss.backward()
        gradients.append([loss, *(parameter.grad for parameter in model.parameters())])
    for one, other in zip(*gradients, strict=True):
        assert torch.equal(one, other)


def test_regularisers_get_the_maps_of_mixed_features_and_both_labels() -> None:
    terms = dict(loss_con=dict(type='ConcentrationLoss', loss_weight=1.0))
    model = classifier(head=dict(type='MixupCAMHead', regularizers=terms)).double()
    x = torch.rand(4, 3, 8, 8, dtype=torch.float64)
    loss = model.loss(x, mixing_samples('backbone.between'))['loss_con']
    maps = model.backbone.between(model.backbone.first(x))
    maps = 0.3 * maps + 0.7 * maps[[2, 0, 3, 1]]
    cam = model.head.classifier(model.backbone.second(maps))
    present = torch.eye(4) + torch.eye(4)[[2, 0, 3, 1]]
    torch.testing.assert_close(loss, ConcentrationLoss(1.0)(cam, present))


def test_nothing_is_left_behind_and_evaluation_is_not_mixed() -> None:
    model = classifier(manifold('backbone.first'))
    assert model.state_dict().keys() == classifier().state_dict().keys()
    data = make_batch()

    def predicted() -> torch.Tensor:
        model.eval()
        samples = [DataSample().set_gt_label([i]) for i in range(CLASSES)]
        seed(0)
        done = model.val_step(dict(inputs=data['inputs'], data_samples=samples))
        model.train()
        return torch.cat([sample.cam for sample in done])

    before = predicted()
    losses_of(model, 0)
    assert torch.equal(predicted(), before)
    assert not model.backbone.first._forward_hooks
    mixed = model.loss(torch.stack(data['inputs']), mixing_samples('backbone.first'))['loss_cls']
    plain = [DataSample().set_gt_score(row) for row in MIX(torch.eye(4))]
    assert not torch.equal(model.loss(torch.stack(data['inputs']), plain)['loss_cls'], mixed)
    with pytest.raises(RuntimeError):
        model.loss(torch.rand(4, 3, 1, 1), mixing_samples('backbone.first'))
    assert not model.backbone.first._forward_hooks


def test_draws_follow_the_seed_and_use_every_layer() -> None:
    preprocessor = classifier(
        manifold('input', 'backbone.first', 'backbone.second')
    ).data_preprocessor

    def drawn(number: int) -> tuple:
        seed(number)
        data = preprocessor(make_batch(), training=True)
        (sample, *_) = data['data_samples']
        mix = sample.get('feature_mix')
        layer = mix.layer if mix else 'input'
        assert (layer == 'input') != torch.equal(data['inputs'], unmixed)
        return layer, sample.mix_weights.tolist()

    unmixed = (torch.stack(make_batch()['inputs']) - 0.5) / 0.5
    draws = [drawn(number) for number in range(60)]
    assert draws == [drawn(number) for number in range(60)]
    names = [layer for layer, _ in draws]
    for name in ('input', 'backbone.first', 'backbone.second'):
        assert 8 < names.count(name) < 35


def test_distributed_training_makes_the_same_step(tmp_path) -> None:
    models = [classifier(manifold('backbone.first', 'backbone.between')) for _ in range(2)]
    store = f'file://{tmp_path / "store"}'
    torch.distributed.init_process_group('gloo', store, rank=0, world_size=1)
    try:
        wrapped = MMDistributedDataParallel(models[1])
        for model in (models[0], wrapped):
            optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
            for number in range(3):
                seed(number)
                model.train_step(deepcopy(make_batch()), optimizer)
    finally:
        torch.distributed.destroy_process_group()
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(one, other)


def test_layers_that_cannot_be_mixed_are_an_error() -> None:
    with pytest.raises(ValueError, match='must be a list of names'):
        ManifoldMixup(ALPHA, layers=())
    with pytest.raises(
        ValueError, match=r"no layer 'backbone\.frist'; did you mean backbone\.first"
    ):
        classifier(manifold('input', 'backbone.frist'))
    x = torch.rand(4, 3, 8, 8)
    with pytest.raises(RuntimeError, match='unused ran 0 times'):
        classifier().loss(x, mixing_samples('backbone.unused'))
    with pytest.raises(RuntimeError, match='between ran 2 times'):
        model = classifier(backbone=dict(type='Chain', twice=True))
        model.loss(x, mixing_samples('backbone.between'))
    with pytest.raises(ValueError, match=r'returns \(8, 6, 5, 5\), not one feature map for each'):
        model = classifier()
        model.backbone.second.register_forward_hook(lambda *given: given[2].repeat(2, 1, 1, 1))
        model.loss(x, mixing_samples('backbone.second'))


def test_a_layer_that_is_recomputed_is_an_error() -> None:
    model = classifier(backbone=dict(RESNET, with_cp=True), head=dict(in_channels=32))
    x = torch.rand(4, 3, 32, 32)
    with pytest.raises(RuntimeError, match='computed again in the backward pass'):
        model.loss(x, mixing_samples('backbone.layer3.0.conv1'))
    model, x = classifier(), x.requires_grad_()
    whole = model.backbone.forward
    model.backbone.forward = lambda images: checkpoint(whole, images, use_reentrant=False)
    loss = model.loss(x, mixing_samples('backbone.first'))['loss_cls']
    with pytest.raises(CheckpointError):
        loss.backward()
