"""DeepLabV2Head against plain convolutions."""

import pytest
import torch
from torch.nn import functional as F

from mmwsss.registry import MODELS

LOSS = dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True)


def build(**settings):
    head = MODELS.build(dict(type='DeepLabV2Head', loss_decode=LOSS, **settings))
    head.init_weights()
    return head.double()


@pytest.mark.parametrize('dilations', [(6, 12, 18, 24), (1, 3)])
def test_scores_are_the_sum_of_dilated_convolutions(dilations):
    torch.manual_seed(0)
    head = build(in_channels=7, num_classes=3, dilations=dilations)
    assert sum(p.numel() for p in head.parameters()) == len(dilations) * (7 * 3 * 9 + 3)
    for parameter in head.parameters():
        parameter.data.normal_()  # biases too, which start from 0
    maps = torch.randn(2, 7, 30, 41, dtype=torch.float64)
    expected = torch.zeros(2, 3, 30, 41, dtype=torch.float64)
    state = head.state_dict()
    for index, rate in enumerate(dilations):
        padded = F.pad(maps, (rate,) * 4)
        weight, bias = state[f'conv_seg.{index}.weight'], state[f'conv_seg.{index}.bias']
        expected += bias[:, None, None]
        for row in range(3):
            for column in range(3):
                shifted = padded[..., row * rate :, column * rate :][..., :30, :41]
                expected += torch.einsum('nchw,kc->nkhw', shifted, weight[..., row, column])
    torch.testing.assert_close(head([torch.zeros(1), maps]), expected)


def test_weights_start_from_a_narrow_normal_distribution_and_biases_from_zero():
    torch.manual_seed(0)
    head = build(in_channels=64, num_classes=21)
    for name, parameter in head.named_parameters():
        if name.endswith('bias'):
            assert (parameter == 0).all()
        else:
            assert parameter.std().item() == pytest.approx(0.01, rel=0.05)
            assert abs(parameter.mean().item()) < 1e-3


def test_gradients_are_those_of_the_scores():
    head = build(in_channels=2, num_classes=2, dilations=(1, 2))
    maps = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: head([x]), maps)
