#!/usr/bin/env python
"""Overhead of training by mmwsss against a bare PyTorch loop of the same network.

Both train the classifier of a config with mixup and the losses of Mixup-CAM on the same random
images, in turns, and the time of a step is compared. The baseline is what one would write by
hand: normalise, mix, forward, losses, backward, step.

python tools/benchmarks/training_overhead.py configs/msrc/mixup-cam_efficientnet-lite0_msrc.py
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample
from torch import Tensor, nn

import mmwsss  # noqa: F401
from mmwsss.engine.cpu_memory import keep_freed_memory
from mmwsss.models.losses import class_entropy, concentration
from mmwsss.registry import MODELS


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Measure the overhead of training')
    parser.add_argument('config', help='config of a Mixup-CAM model')
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument('--size', type=int, default=224, help='side of an image in pixels')
    parser.add_argument('--steps', type=int, default=8, help='timed steps of each')
    return parser.parse_args()


def build(cfg: Config) -> tuple[nn.Module, object]:
    """Build a model without downloaded weights, and its optimiser.

    Args:
        cfg (Config): Config of a Mixup-CAM model.

    Returns:
        tuple[nn.Module, OptimWrapper]: Model and optimiser wrapper.
    """
    torch.manual_seed(0)
    settings = cfg.model.copy()
    settings.backbone = dict(settings.backbone, init_cfg=None)
    model = MODELS.build(settings).to(get_device())
    model.train()
    return model, build_optim_wrapper(model, cfg.optim_wrapper)


def our_step(cfg: Config, data: dict) -> Callable[[], None]:
    """Return a training step as the runner calls it, with a fresh batch of samples.

    Args:
        cfg (Config): Config of a Mixup-CAM model.
        data (dict): Batch from :func:`random_batch`.

    Returns:
        Callable: Makes a step.
    """
    model, wrapper = build(cfg)

    def step() -> None:
        samples = [DataSample().set_gt_label(label) for label in data['labels']]
        model.train_step(dict(inputs=list(data['inputs']), data_samples=samples), wrapper)

    return step


def bare_step(cfg: Config, data: dict) -> Callable[[], None]:
    """Return the same step, written by hand.

    Args:
        cfg (Config): Config of a Mixup-CAM model.
        data (dict): Batch from :func:`random_batch`.

    Returns:
        Callable: Makes a step.
    """
    model, wrapper = build(cfg)
    backbone, classifier, optimizer = model.backbone, model.head.classifier, wrapper.optimizer
    mean, std = model.data_preprocessor.mean, model.data_preprocessor.std
    one_hot = F.one_hot(torch.tensor(data['labels']), model.head.num_classes).float()
    alpha = cfg.model.train_cfg.augments[0].alpha
    terms = model.head.regularizers

    def step() -> None:
        images = data['inputs'].to(mean.device).flip(1).float().sub(mean).div(std)
        share = np.random.beta(alpha, alpha)
        order = torch.randperm(len(images))
        images = share * images + (1 - share) * images[order]
        target = (share * one_hot + (1 - share) * one_hot[order]).to(mean.device)
        features = backbone(images.to(memory_format=model.memory_format))[-1]
        cam = classifier(F.dropout2d(features, 0.5))
        loss = F.multilabel_soft_margin_loss(cam.mean((2, 3)), target)
        loss = loss + terms['loss_ent'].loss_weight * class_entropy(cam).mean()
        loss = loss + terms['loss_con'].loss_weight * concentration(cam, target > 0).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def time_in_turns(steps: dict[str, Callable[[], None]], count: int) -> dict[str, float]:
    """Time steps in turns, so that a busy machine slows all alike.

    Args:
        steps (dict[str, Callable]): Name → what makes a step.
        count (int): Timed steps of each.

    Returns:
        dict[str, float]: Name → median of the seconds of a step.
    """
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(count + 2):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn >= 2:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def random_batch(args: argparse.Namespace, num_classes: int) -> dict[str, Tensor | list[int]]:
    """Draw images as the data loader gives them, and one label each.

    Args:
        args (argparse.Namespace): The command line.
        num_classes (int): Number of classes.

    Returns:
        dict: ``inputs``, shape (N, 3, H, W), uint8, and ``labels``, a list of N.
    """
    generator = torch.Generator().manual_seed(0)
    shape = (args.batch_size, 3, args.size, args.size)
    inputs = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, num_classes, (args.batch_size,), generator=generator)
    return dict(inputs=inputs, labels=labels.tolist())


def main() -> None:
    """Run the benchmark."""
    args = parse_args()
    keep_freed_memory()
    cfg = Config.fromfile(args.config)
    init_default_scope('mmwsss')
    data = random_batch(args, cfg.model.head.num_classes)
    steps = {'bare PyTorch loop': bare_step(cfg, data), 'mmwsss': our_step(cfg, data)}
    median = time_in_turns(steps, args.steps)
    for name, seconds in median.items():
        print(f'{name:20s} {seconds * 1000:8.1f} ms a step, {args.batch_size / seconds:.1f} img/s')
    ratio = median['mmwsss'] / median['bare PyTorch loop']
    print(f'overhead {100 * (ratio - 1):+.1f} % (ratio {ratio:.3f}) on {get_device()}')


if __name__ == '__main__':
    main()
