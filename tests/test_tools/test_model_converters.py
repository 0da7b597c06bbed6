"""Conversion of the published ResNet-38 weights, on files of their layout made here."""

import io
import runpy
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from repo import TOOLS
from torch import Tensor

from mmwsss.models.backbones.resnet38 import ResNet38
from mmwsss.models.weights.resnet38 import resnet38_from_mxnet
from mmwsss.registry import MODELS


def tool(name: str) -> Callable:
    return runpy.run_path(str(TOOLS / f'model_converters/{name}.py'))['main']


def backbone_shapes() -> dict[str, torch.Size]:
    with torch.device('meta'):
        state = ResNet38().state_dict()
    return {name: v.shape for name, v in state.items() if not name.endswith('batches_tracked')}


def mxnet_name(name: str) -> str:
    """The published name of a parameter: b4_2.bn_branch2a.weight -> arg:bn4b2_branch2a_gamma."""
    parts = {
        'weight': 'gamma',
        'bias': 'beta',
        'running_mean': 'moving_mean',
        'running_var': 'moving_var',
    }
    module, part = name.rsplit('.', 1)
    kind = 'aux' if part.startswith('running') else 'arg'
    if module == 'conv1a':
        return 'arg:conv1a_weight'
    if module == 'bn7':
        return f'{kind}:bn7_{parts[part]}'
    block, layer = module.split('.')
    level, _, index = block.removeprefix('b').partition('_')
    place = f'{level}b{index}' if index else f'{level}a'
    layer_kind, branch = layer.split('_')
    if layer_kind == 'conv':
        return f'arg:res{place}_{branch}_weight'
    return f'{kind}:bn{place}_{branch}_{parts[part]}'


def mxnet_params() -> dict[str, np.ndarray]:
    """Every published array, filled with its position; without memory of its own."""
    params = {
        mxnet_name(name): np.broadcast_to(np.float32(index), shape)
        for index, (name, shape) in enumerate(backbone_shapes().items())
    }
    params['arg:linear1000_weight'] = np.broadcast_to(np.float32(-1), (1000, 4096))
    params['arg:linear1000_bias'] = np.broadcast_to(np.float32(-1), (1000,))
    return params


def published(heads: dict[str, int], prefix: str = '') -> dict[str, Tensor]:
    """A PyTorch checkpoint of the published layout; without memory of its own."""
    shapes = {**backbone_shapes(), **{f'{n}.weight': (c, 4096, 1, 1) for n, c in heads.items()}}
    return {
        f'{prefix}{name}': torch.tensor(float(index)).expand(shape)
        for index, (name, shape) in enumerate(shapes.items())
    }


def convert(tmp_path: Path, state: object) -> dict[str, Tensor]:
    torch.save(state, tmp_path / 'published.pth')
    tool('cam_from_published')([str(tmp_path / 'published.pth'), str(tmp_path / 'new.pth')])
    return torch.load(tmp_path / 'new.pth', weights_only=True)['state_dict']


def error_of(capsys: pytest.CaptureFixture, name: str, *args: Path) -> str:
    with pytest.raises(SystemExit) as stop:
        tool(name)([str(arg) for arg in args])
    assert stop.value.code == 1
    message = capsys.readouterr().err
    assert message.count('\n') == 1
    return message


@pytest.mark.filterwarnings('ignore:The given NumPy array is not writable')
@pytest.mark.parametrize(
    ('name', 'source'),
    [
        ('conv1a.weight', 'arg:conv1a_weight'),
        ('b2.conv_branch2a.weight', 'arg:res2a_branch2a_weight'),
        ('b2.conv_branch1.weight', 'arg:res2a_branch1_weight'),
        ('b5_1.bn_branch2b1.weight', 'arg:bn5b1_branch2b1_gamma'),
        ('b4_5.bn_branch2a.running_var', 'aux:bn4b5_branch2a_moving_var'),
        ('b7.conv_branch2b2.weight', 'arg:res7a_branch2b2_weight'),
        ('bn7.bias', 'arg:bn7_beta'),
        ('bn7.running_mean', 'aux:bn7_moving_mean'),
    ],
)
def test_names_of_mxnet_are_translated(name: str, source: str) -> None:
    params = mxnet_params()
    state = resnet38_from_mxnet(params, 'x.params')
    assert torch.equal(state[name], torch.from_numpy(params[source]))


@pytest.mark.filterwarnings('ignore:The given NumPy array is not writable')
def test_every_array_of_mxnet_finds_its_place() -> None:
    state = resnet38_from_mxnet(mxnet_params(), 'x.params')
    with torch.device('meta'):
        expected = ResNet38().state_dict()
    assert list(state) == list(expected)
    for index, (name, shape) in enumerate(backbone_shapes().items()):
        assert state[name].shape == shape
        assert state[name].flatten()[0] == index


@pytest.mark.filterwarnings('ignore:The given NumPy array is not writable')
def test_faults_of_an_mxnet_file() -> None:
    params = mxnet_params()
    with pytest.raises(ValueError, match=r"x\.params: unknown parameter 'arg:fc1_weight'"):
        resnet38_from_mxnet({**params, 'arg:fc1_weight': np.zeros(1)}, 'x.params')
    with pytest.raises(ValueError, match=r'x\.params: unexpected parameters b9\.conv_branch2a'):
        resnet38_from_mxnet({**params, 'arg:res9a_branch2a_weight': np.zeros(1)}, 'x.params')
    with pytest.raises(ValueError, match=r'x\.params: bn7\.bias has shape \(3,\), not \(4096,\)'):
        resnet38_from_mxnet({**params, 'arg:bn7_beta': np.zeros(3)}, 'x.params')
    del params['aux:bn7_moving_mean']
    with pytest.raises(ValueError, match=r'x\.params: missing parameters bn7\.running_mean'):
        resnet38_from_mxnet(params, 'x.params')


def test_tool_refuses_a_corrupt_mxnet_file(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / 'x.params').write_bytes(struct.pack('<QQQ', 0x112, 0, 5))
    output = tmp_path / 'out.pth'
    message = error_of(capsys, 'resnet38_from_mxnet', tmp_path / 'x.params', output)
    assert 'x.params' in message
    assert 'nothing.params' in error_of(
        capsys, 'resnet38_from_mxnet', tmp_path / 'nothing.params', output
    )
    assert not output.exists()


@pytest.mark.slow
def test_whole_way_from_an_mxnet_file(tmp_path: Path) -> None:
    with open(tmp_path / 'x.params', 'wb') as file:
        params = mxnet_params()
        file.write(struct.pack('<QQQ', 0x112, 0, len(params)))
        for array in params.values():
            file.write(struct.pack(f'<I{array.ndim}I', array.ndim, *array.shape))
            file.write(struct.pack('<iii', 1, 0, 0))
            file.write(array.tobytes())
        file.write(struct.pack('<Q', len(params)))
        for name in params:
            file.write(struct.pack('<Q', len(name)) + name.encode())
    checkpoint = tmp_path / 'new.pth'
    tool('resnet38_from_mxnet')([str(tmp_path / 'x.params'), str(checkpoint)])
    init_cfg = {'type': 'Pretrained', 'checkpoint': str(checkpoint)}
    backbone = MODELS.build({'type': 'ResNet38', 'init_cfg': init_cfg})
    backbone.init_weights()
    for index, name in enumerate(backbone_shapes()):
        value = backbone.state_dict()[name]
        assert torch.equal(value, torch.full_like(value, index))


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_the_published_classifier_is_converted(tmp_path: Path, prefix: str) -> None:
    state = published({'fc8': 20}, prefix)
    converted = convert(tmp_path, state)
    with torch.device('meta'):
        model = MODELS.build(
            {
                'type': 'CAMClassifier',
                'backbone': {'type': 'mmwsss.ResNet38'},
                'head': {'type': 'mmwsss.CAMHead', 'num_classes': 20, 'in_channels': 4096},
            }
        )
    assert converted.keys() == {
        name for name in model.state_dict() if not name.startswith('data_preprocessor')
    }
    assert torch.equal(converted['head.classifier.weight'], state[f'{prefix}fc8.weight'])
    for name in backbone_shapes():
        assert torch.equal(converted[f'backbone.{name}'], state[prefix + name])


def test_published_sub_categories_and_affinity(tmp_path: Path) -> None:
    converted = convert(tmp_path, published({'fc8_20': 20, 'fc8_200': 200}))
    heads = {name: value.shape[0] for name, value in converted.items() if name.startswith('head')}
    assert heads == {'head.classifier.weight': 20, 'head.sub_classifier.weight': 200}
    converted = convert(tmp_path, published({'f8_3': 64, 'f8_4': 128, 'f8_5': 256, 'f9': 448}))
    heads = {name: value.shape[0] for name, value in converted.items() if name.startswith('head')}
    assert heads == {
        f'head.{n}.weight': c for n, c in zip(('f8_3', 'f8_4', 'f8_5', 'f9'), (64, 128, 256, 448))
    }


def test_faults_of_a_published_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    source, output = tmp_path / 'x.pth', tmp_path / 'out.pth'

    def message(state: object) -> str:
        torch.save(state, source)
        return error_of(capsys, 'cam_from_published', source, output)

    whole = published({'fc8': 20})
    without = {name: value for name, value in whole.items() if name != 'b6.conv_branch1.weight'}
    assert 'x.pth: missing parameters b6.conv_branch1.weight' in message(without)
    assert 'unexpected parameters fc9.weight' in message({**whole, 'fc9.weight': torch.ones(1)})
    assert 'has the head of none of' in message(published({}))
    assert 'has shape' in message({**whole, 'bn7.weight': torch.ones(7)})
    assert 'x.pth: holds a list, not a checkpoint' in message([torch.ones(1)])
    assert 'x.pth: holds no weights; give a state dict' in message({'optimizer': 3})
    assert 'are not finite, such as bn7.weight' in message(
        {**whole, 'bn7.weight': torch.full((4096,), torch.nan)}
    )
    assert not output.exists()


def test_truncated_checkpoint_at_every_length(tmp_path: Path) -> None:
    load = runpy.run_path(str(TOOLS / 'model_converters/cam_from_published.py'))['load_published']
    for legacy in (False, True):
        buffer = io.BytesIO()
        state = {'fc8.weight': torch.ones(2)}
        torch.save(state, buffer, _use_new_zipfile_serialization=not legacy)
        for length in range(len(buffer.getvalue())):
            (tmp_path / 'x.pth').write_bytes(buffer.getvalue()[:length])
            with pytest.raises(
                ValueError, match=r'x\.pth cannot be loaded as a checkpoint of tensors'
            ) as error:
                load(tmp_path / 'x.pth')
            assert '\n' not in str(error.value)


def test_another_byte_of_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    load = runpy.run_path(str(TOOLS / 'model_converters/cam_from_published.py'))['load_published']
    torch.save({'fc8.weight': torch.full((64,), 3.0)}, tmp_path / 'x.pth')
    content = bytearray((tmp_path / 'x.pth').read_bytes())
    content[content.index(torch.full((64,), 3.0).numpy().tobytes()) + 2] ^= 1
    (tmp_path / 'x.pth').write_bytes(content)
    with pytest.raises(ValueError, match=r'x\.pth cannot be loaded .*checksum of .* is wrong'):
        load(tmp_path / 'x.pth')


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / 'run',))

    load = runpy.run_path(str(TOOLS / 'model_converters/cam_from_published.py'))['load_published']
    torch.save({'fc8.weight': Trap()}, tmp_path / 'x.pth')
    with pytest.raises(
        ValueError, match=r'x\.pth cannot be loaded .*: it holds .*, which may run code'
    ):
        load(tmp_path / 'x.pth')
    assert not (tmp_path / 'run').exists()
