#!/usr/bin/env python
"""EfficientNet-Lite's convolutions with "same" padding against mmcv's, which they inherit.

The baseline is the same network with mmcv's ``Conv2dAdaptivePadding`` in the place of
``SamePadConv2d``: it pads in memory of its own, and computes all depthwise kernels in bfloat16 when
the rest is. Both take turns; medians are compared.

python tools/benchmarks/same_padding.py
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from mmcv.cnn.bricks import Conv2dAdaptivePadding
from mmengine.device import get_device
from torch import nn

from mmwsss.engine.cpu_memory import keep_freed_memory
from mmwsss.models.backbones import EfficientNetLite
from mmwsss.models.backbones.efficientnet_lite import SamePadConv2d


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Measure the speed of "same" padding')
    parser.add_argument('--arch', default='lite0')
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument('--size', type=int, default=224, help='side of an image in pixels')
    parser.add_argument('--turns', type=int, default=7, help='timed passes of each')
    return parser.parse_args()


def build(arch: str, plain: bool) -> nn.Module:
    """Build the backbone with random weights, in channels-last memory.

    Args:
        arch (str): Name of the EfficientNet-Lite.
        plain (bool): Whether its convolutions are mmcv's own.

    Returns:
        nn.Module: The backbone on the accelerator.
    """
    torch.manual_seed(0)
    backbone = EfficientNetLite(arch).to(get_device(), memory_format=torch.channels_last)
    for module in backbone.modules() if plain else ():
        if isinstance(module, SamePadConv2d):
            module.__class__ = Conv2dAdaptivePadding
    return backbone


@torch.no_grad()
def inference(backbone: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Make a pass of the network without gradients.

    Args:
        backbone (nn.Module): The network.
        images (Tensor): Images, shape (N, 3, H, W).

    Returns:
        Tensor: The features.
    """
    backbone.eval()
    return backbone(images)[-1]


def training(backbone: nn.Module, images: torch.Tensor) -> None:
    """Make a pass of the network and of its gradients under bfloat16.

    Args:
        backbone (nn.Module): The network.
        images (Tensor): Images, shape (N, 3, H, W).
    """
    backbone.train()
    with torch.autocast(images.device.type, torch.bfloat16):
        features = backbone(images)[-1]
    features.float().square().mean().backward()


def compare(baseline: Callable, ours: Callable, turns: int) -> tuple[float, float]:
    """Time both in turns.

    Args:
        baseline (Callable): A pass of the baseline.
        ours (Callable): The same pass of ours.
        turns (int): Timed passes of each, after one that is not timed.

    Returns:
        tuple[float, float]: Median seconds of the baseline and of ours.
    """
    ours(), baseline()
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for run, times in zip((baseline, ours), seconds):
            started = time.perf_counter()
            run()
            times.append(time.perf_counter() - started)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def main() -> None:
    """Run the benchmark."""
    args = parse_args()
    if get_device() == 'cpu':
        keep_freed_memory()
    networks = [build(args.arch, plain) for plain in (True, False)]
    images = torch.randn(args.batch_size, 3, args.size, args.size, device=get_device())
    images = images.to(memory_format=torch.channels_last)
    baseline_features, features = (inference(network, images) for network in networks)
    torch.testing.assert_close(features, baseline_features)
    for name, passes in {'inference, float32': inference, 'training, bfloat16': training}.items():
        runs = [partial(passes, network, images) for network in networks]
        baseline, ours = compare(*runs, args.turns)
        print(
            f'{name}: mmcv {baseline * 1e3:.0f} ms, mmwsss {ours * 1e3:.0f} ms: '
            f'{baseline / ours:.2f} times as fast on {get_device()}'
        )


if __name__ == '__main__':
    main()
