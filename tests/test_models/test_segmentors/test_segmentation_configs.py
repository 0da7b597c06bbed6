"""The shipped configs: what they build, and what the optimiser does with it."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from repo import CONFIGS
from torch import nn

import mmwsss  # noqa: F401 (finds the base configs of mmseg)

NAMES = [
    'deeplabv2_pseudo.py',
    *(f'voc12/{path.name}' for path in sorted((CONFIGS / 'voc12').glob('deeplabv2_*.py'))),
    'voc12/segformer_mit-b0_voc12.py',
    'msrc/deeplabv2_efficientnet-lite0_msrc.py',
]


def load(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)


def build(cfg: Config) -> nn.Module:
    """The model with random weights."""
    cfg.model.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(cfg.model)


@pytest.mark.parametrize('name', NAMES)
def test_scores_have_the_size_of_the_image_and_all_classes(name):
    cfg = load(name)
    # ResNet-101 has no need of memory and time; the others compute their drop rates.
    with torch.device('meta' if name.startswith('deeplabv2') else 'cpu'), torch.no_grad():
        model = build(cfg).eval()
        metas = [dict(img_shape=(65, 97))]
        scores = model.encode_decode(torch.zeros(1, 3, 65, 97), metas)
    classes = len(cfg.train_dataloader.dataset.metainfo.classes) + 1 if 'msrc' in name else 21
    assert scores.shape == (1, classes, 65, 97)
    assert cfg.model.data_preprocessor.size == cfg.crop_size


def test_images_are_seen_in_whole_cells():
    model = build(load('msrc/deeplabv2_efficientnet-lite0_msrc.py')).eval()
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (3, 37, 50), generator=generator, dtype=torch.uint8)
    whole = torch.full((3, 48, 64), 127, dtype=torch.uint8)  # the mean: 0 once it is subtracted
    whole[:, :37, :50] = image
    scores = []
    for one in (image, whole):
        size = tuple(one.shape[1:])
        sample = SegDataSample(metainfo=dict(img_shape=size, ori_shape=size))
        (result,) = model.test_step(dict(inputs=[one], data_samples=[sample]))
        scores.append(result.seg_logits.data)
    assert scores[0].shape[1:] == (37, 50)
    torch.testing.assert_close(scores[0], scores[1][:, :37, :50])


def test_published_network_has_stride_8_and_frozen_batch_normalisation():
    with torch.device('meta'):
        model = build(load('deeplabv2_pseudo.py')).train()
        (features,) = model.extract_feat(torch.zeros(1, 3, 321, 321))
        # The grids of the published network at its scales of the crop: 321, 240 and 160 pixels.
        grids = [model.extract_feat(torch.zeros(1, 3, s, s))[0].shape[-1] for s in (321, 240, 160)]
    assert features.shape == (1, 2048, 41, 41)
    assert grids == [41, 31, 21]
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 104
    for norm in norms:
        assert not norm.training and not norm.weight.requires_grad
    assert all(
        parameter.requires_grad
        for module in model.modules()
        if isinstance(module, nn.Conv2d)
        for parameter in module.parameters()
    )


def test_published_rates_reach_every_parameter():
    cfg = load('deeplabv2_pseudo.py')
    with torch.device('meta'):
        model = build(cfg)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    rates = {}
    for group in wrapper.optimizer.param_groups:
        assert group['momentum'] == 0.9
        for parameter in group['params']:
            rates[names.pop(id(parameter))] = (group['lr'], group['weight_decay'])
    assert all(not dict(model.named_parameters())[name].requires_grad for name in names.values())
    head = {name: rate for name, rate in rates.items() if name.startswith('decode_head')}
    assert len(head) == 8
    for index in range(4):
        assert rates.pop(f'decode_head.conv_seg.{index}.weight') == pytest.approx((2.5e-3, 5e-4))
        assert rates.pop(f'decode_head.conv_seg.{index}.bias') == pytest.approx((5e-3, 0.0))
    assert len(rates) == 104 and set(rates.values()) == {(2.5e-4, 5e-4)}


def test_schedule_is_the_published_one():
    cfg = load('deeplabv2_pseudo.py')
    assert cfg.train_cfg.max_iters == cfg.param_scheduler[0].end == 20000
    assert cfg.param_scheduler[0].interval == 10 and cfg.param_scheduler[0].power == 0.9
    assert cfg.train_dataloader.batch_size == 10
    assert cfg.model.scales == (1.0, 0.75, 0.5)
    assert cfg.model.backbone.init_cfg.checkpoint == 'torchvision://resnet101'
    # The other initialisation has a name of its own, and its own normalisation.
    coco = load('voc12/deeplabv2_r101-d8_coco-pre_voc12.py').model
    assert 'coco' in coco.backbone.init_cfg.checkpoint and coco.backbone.style == 'caffe'
    assert coco.data_preprocessor.std == [1.0] * 3 and not coco.data_preprocessor.bgr_to_rgb
    assert coco.data_preprocessor.mean == sorted(coco.data_preprocessor.mean)
