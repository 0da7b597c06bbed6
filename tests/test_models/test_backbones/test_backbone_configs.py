"""Every shipped backbone config builds and yields a map of the expected grid."""

import math

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import load_state_dict
from repo import CONFIGS

import mmwsss  # noqa: F401
from mmwsss.registry import MODELS

STRIDE_8 = {'strides': (1, 2, 1, 1), 'dilations': (1, 1, 2, 4)}
# config, changes to its backbone, output stride
CASES = [
    ('efficientnet-lite0', {}, 16),
    ('resnet38', {}, 8),
    ('resnet50', {}, 16),
    ('resnet50', STRIDE_8, 8),
    ('convnext-tiny', {}, 16),
    ('convnext-tiny', {'output_stride': 8}, 8),
    ('convnext-tiny', {'output_stride': 32}, 32),
    ('vit-small', {}, 16),
    ('vit-small', {'patch_cfg': {'stride': 8}}, 8),
]


def build_model(name: str, **changes) -> BaseModule:
    cfg = Config.fromfile(CONFIGS / f'_base_/models/cam_{name}.py').model
    cfg.backbone.update(init_cfg=None, **changes)
    with DefaultScope.overwrite_default_scope('mmwsss'):
        model = MODELS.build(cfg)
    model.eval()
    return model


def build_backbone(cfg: dict) -> BaseModule:
    with DefaultScope.overwrite_default_scope('mmwsss'):
        backbone = MODELS.build(cfg)
    backbone.eval()
    return backbone


@pytest.mark.parametrize(('name', 'changes', 'stride'), CASES)
def test_class_maps_of_a_non_square_image(name: str, changes: dict, stride: int) -> None:
    model = build_model(name, **changes)
    images = torch.randn(1, 3, 64, 112)
    with torch.no_grad():
        maps = model.class_maps(images)
        logits = model.head(model.extract_feat(images))
    assert list(maps.shape) == [1, 20, *(math.ceil(n / stride) for n in (64, 112))]
    torch.testing.assert_close(logits, maps.mean((2, 3)))


@pytest.mark.parametrize('name', ['resnet50', 'convnext-tiny', 'vit-small'])
@pytest.mark.parametrize('size', [(33, 48), (50, 97)])
def test_any_size_at_inference(name: str, size: tuple[int, int]) -> None:
    model = build_model(name)
    with torch.no_grad():
        maps = model.class_maps(torch.randn(1, 3, *size))
    assert list(maps.shape[2:]) == [math.ceil(n / 16) for n in size]


@pytest.mark.parametrize('name', sorted({case[0] for case in CASES}))
def test_gradients_reach_the_backbone(name: str) -> None:
    model = build_model(name)
    model.train()
    model.class_maps(torch.randn(2, 3, 64, 64)).mean().backward()
    reached = [p.grad for p in model.backbone.parameters() if p.grad is not None]
    assert any(grad.abs().sum() > 0 for grad in reached)


def test_position_embeddings_follow_the_image() -> None:
    """A patch's token must not depend on where the crop ends, but on its relative place."""
    backbone = build_model('vit-small').backbone
    with torch.no_grad():
        backbone.pos_embed.normal_()
        backbone.patch_embed.projection.weight.zero_()
        wide = backbone(torch.zeros(1, 3, 112, 224))[0]
        tall = backbone(torch.zeros(1, 3, 224, 112))[0]
    assert wide.shape[2:] == (7, 14)
    assert tall.shape[2:] == (14, 7)
    assert not torch.allclose(wide[0, :, 0, 0], wide[0, :, 0, 13], atol=1e-3)
    assert not torch.allclose(tall[0, :, 0, 0], tall[0, :, 13, 0], atol=1e-3)


def test_dilated_convnext_computes_what_convnext_does() -> None:
    arch = {'depths': [1, 1, 2, 2], 'channels': [8, 16, 24, 32]}
    common = {'arch': arch, 'out_indices': (3,), 'layer_scale_init_value': 1.0}
    plain = build_backbone(
        {'type': 'mmpretrain.ConvNeXt', 'gap_before_final_norm': False, **common}
    )
    x = torch.randn(1, 3, 128, 192)
    with torch.no_grad():
        expected = plain(x)[0]
        for stride, step, phase in ((32, 1, 0), (16, 2, 0), (8, 4, 1)):
            dilated = build_backbone({'type': 'DilatedConvNeXt', 'output_stride': stride, **common})
            load_state_dict(dilated, plain.state_dict(), strict=True)
            fine = dilated(x)[0]
            assert fine.shape == (1, 32, 128 // stride, 192 // stride)
            torch.testing.assert_close(fine[..., phase::step, phase::step], expected)


def test_dilated_convnext_keeps_stages_frozen() -> None:
    backbone = build_backbone({'type': 'DilatedConvNeXt', 'frozen_stages': 4, 'arch': 'atto'})
    trainable = {name for name, p in backbone.named_parameters() if p.requires_grad}
    assert trainable == {'norm3.weight', 'norm3.bias'}
    with pytest.raises(ValueError, match='DilatedConvNeXt: output_stride'):
        build_backbone({'type': 'DilatedConvNeXt', 'output_stride': 4})
