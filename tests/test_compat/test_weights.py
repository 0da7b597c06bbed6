"""Weights that do not fit are refused, wherever they come from."""

import copy

import pytest
import torch
from mmengine.model import BaseModule, BaseTTAModel
from torch import nn

from mmwsss.compat.weights import load_weights, load_whole_checkpoint, unwrap_weights


class Net(BaseModule):
    def __init__(self, classes: int = 4, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.backbone = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
        self.head = nn.Conv2d(2, classes, 1)


class Backbone(BaseModule):
    def __init__(self, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(3, 2, 1)
        self.bn = nn.BatchNorm2d(2)


def random_state(net: nn.Module) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return {
        name: torch.rand(x.shape, generator=generator).to(x.dtype)
        for name, x in net.state_dict().items()
    }


def holds(net: nn.Module, state: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(x, state[name]) for name, x in net.state_dict().items() if name in state)


@pytest.mark.parametrize(
    'wrap',
    [
        lambda state: state,
        lambda state: {'state_dict': state},
        lambda state: {'model': state, 'epoch': 3},
        lambda state: {'state_dict_ema': state},
        lambda state: {'model': {'state_dict': state}},
        lambda state: {'state_dict': {f'module.{name}': x for name, x in state.items()}},
    ],
)
def test_usual_wrappers_are_taken_off(wrap):
    state = random_state(Net())
    assert unwrap_weights(wrap(state), 'w.pth') == state


@pytest.mark.parametrize('content', [{}, {'state_dict': {}}, {'model': 'resnet'}, [1, 2]])
def test_a_file_without_weights_is_named(content):
    with pytest.raises(ValueError, match=r'w\.pth: holds no weights'):
        unwrap_weights(content, 'w.pth')


def test_all_weights_are_loaded():
    net, state = Net(), random_state(Net())
    assert load_weights(net, state, 'w.pth') == []
    assert holds(net, state)


def test_counters_of_batch_norm_may_lack():
    net, state = Net(), random_state(Net())
    del state['backbone.1.num_batches_tracked']
    assert load_weights(net, state, 'w.pth') == []
    assert holds(net, state)


@pytest.mark.parametrize('name', list(Net().state_dict())[:-1])
def test_each_missing_weight_is_named(name):
    state = random_state(Net())
    del state[name]
    if name.endswith('num_batches_tracked'):
        return
    with pytest.raises(
        ValueError, match=rf'w\.pth lacks 1 of 9 weights of the Net, such as {name}'
    ):
        load_weights(Net(), state, 'w.pth')


def test_another_number_of_classes_is_named_with_both_shapes():
    with pytest.raises(
        ValueError, match=r'head\.weight of shape \(3, 2, 1, 1\), not \(4, 2, 1, 1\)'
    ):
        load_weights(Net(3), random_state(Net(4)), 'w.pth')


@pytest.mark.parametrize('dtype', [torch.complex64, torch.int8, torch.int64, torch.bool])
@pytest.mark.parametrize('needed', ['', 'backbone.'])
def test_weights_that_would_be_converted_are_refused(dtype, needed):
    state = random_state(Net()) | {'head.weight': torch.ones(4, 2, 1, 1).to(dtype)}
    net = Net()
    before = copy.deepcopy(net.state_dict())
    with pytest.raises(
        ValueError,
        match=rf'w\.pth: 1 weights hold other .* head\.weight of {dtype}, not .*32: give',
    ):
        load_weights(net, state, 'w.pth', [needed])
    assert holds(net, before)


def test_real_numbers_of_another_precision_are_loaded():
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        net, state = Net(), random_state(Net())
        counter = {'backbone.1.num_batches_tracked': torch.tensor(3.0)}
        given = {name: x.to(dtype) for name, x in state.items()} | counter
        assert load_weights(net, given, 'w.pth') == []
        assert torch.equal(net.head.weight, given['head.weight'].float())


def test_what_is_not_needed_is_listed():
    net, state = Net(3), random_state(Net(4)) | {'neck.weight': torch.ones(1)}
    left = load_weights(net, state, 'w.pth', ['backbone.'])
    assert left == [
        'head.weight of shape (3, 2, 1, 1), not (4, 2, 1, 1)',
        'head.bias of shape (3,), not (4,)',
        'neck.weight: only the file has it',
    ]
    assert holds(net.backbone, {k.removeprefix('backbone.'): x for k, x in state.items()})


def test_the_model_of_test_time_augmentation_receives_the_weights():
    class TTA(BaseTTAModel):
        def merge_preds(self, data_samples_list):
            return data_samples_list

    net = Net()
    net.test_step = lambda data: data
    state = random_state(Net())
    assert load_weights(TTA(module=net), state, 'w.pth') == []
    assert holds(net, state)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    torch.save({'state_dict': Backbone().state_dict()}, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match=r'w\.pth lacks 8 of 9 weights of the Net'):
        load_whole_checkpoint(Net(), str(tmp_path / 'w.pth'))


def initialised(tmp_path, state, **init_cfg) -> Backbone:
    torch.save(state, tmp_path / 'w.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'w.pth'), **init_cfg)
    net = Backbone(init_cfg)
    net.init_weights()
    return net


def test_pretrained_weights_of_a_backbone_are_loaded(tmp_path):
    state = random_state(Backbone())
    assert holds(initialised(tmp_path, {'model': state | {'fc.bias': torch.ones(2)}}), state)
    whole = {f'backbone.{name}': x for name, x in state.items()}
    assert holds(initialised(tmp_path, whole, prefix='backbone'), state)


@pytest.mark.parametrize(
    'change, init_cfg, message',
    [
        (lambda s: {k: x for k, x in s.items() if k != 'conv.bias'}, {}, r'such as conv\.bias'),
        (lambda s: {f'features.{k}': x for k, x in s.items()}, {}, 'lacks 6 of 7'),
        (lambda s: {f'backbone.{k}': x for k, x in s.items()}, {}, "add prefix='backbone.'"),
        (lambda s: s, {'prefix': 'net.'}, r"no weight has the prefix 'net\.'"),
        (lambda s: s | {'conv.weight': torch.ones(4, 3, 1, 1)}, {}, r'not \(4, 3, 1, 1\)'),
    ],
)
def test_pretrained_weights_of_another_network_are_refused(tmp_path, change, init_cfg, message):
    with pytest.raises(ValueError, match=message) as error:
        initialised(tmp_path, change(random_state(Backbone())), **init_cfg)
    assert 'w.pth' in str(error.value) and '\n' not in str(error.value)


def test_a_whole_model_needs_its_backbone_alone(tmp_path):
    state = random_state(Net(7))
    torch.save(state, tmp_path / 'w.pth')
    net = Net(4, dict(type='Pretrained', checkpoint=str(tmp_path / 'w.pth')))
    net.init_weights()
    assert holds(net.backbone, {k.removeprefix('backbone.'): x for k, x in state.items()})
    broken = copy.copy(state)
    del broken['backbone.0.weight']
    torch.save(broken, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match=r'backbone\.0\.weight'):
        Net(4, dict(type='Pretrained', checkpoint=str(tmp_path / 'w.pth'))).init_weights()
