#!/usr/bin/env python
"""Response maps a second against a loop over views, and their size on disk against float32.

The baseline is how the published scripts do it: one image at a time, each scale and its mirror
image through the network alone, every class's map resized to the image, summed, absent classes
zeroed, saved as full-resolution float32. Both run the same weights on the same images; ours with
what the config asks for (channels_last) and with the memory setting of the tools.

python tools/benchmarks/cam_inference.py configs/msrc/cam_efficientnet-lite0_msrc.py
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner.amp import autocast
from mmpretrain.structures import DataSample
from torch import Tensor, nn

import mmwsss  # noqa: F401
from mmwsss.engine.cpu_memory import keep_freed_memory
from mmwsss.models.batch_norm_fusion import fuse_batch_norm
from mmwsss.registry import MODELS
from mmwsss.structures import CAMStore, ResponseMap


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Measure the speed of response maps')
    parser.add_argument('config', help='config of a classifier')
    parser.add_argument('--scales', type=float, nargs='+', default=[0.5, 1.0, 1.5, 2.0])
    parser.add_argument('--images', type=int, default=16)
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument(
        '--amp', action='store_true', help='ours as with test.py --amp (bfloat16 on CPUs)'
    )
    parser.add_argument('--size', type=int, nargs=2, default=[213, 320], metavar=('H', 'W'))
    return parser.parse_args()


def view_by_view(model: nn.Module, image: Tensor, labels: list[int], scales: list[float]):
    """Make the response maps of an image as the published scripts do.

    Args:
        model (nn.Module): The classifier.
        image (Tensor): The normalised image, shape (3, H, W).
        labels (list[int]): Classes that the image shows.
        scales (list[float]): Sizes of the views relative to the image.

    Returns:
        np.ndarray: Maps of the image's size, shape (C, H, W), float32; 0 for absent classes.
    """
    size = tuple(image.shape[-2:])
    total = 0
    for scale in scales:
        view = F.interpolate(
            image[None],
            [round(side * scale) for side in size],
            mode='bicubic',
            antialias=scale < 1,
        )
        for flip in (False, True):
            maps = model.class_maps(view.flip(-1) if flip else view).relu()
            maps = maps.flip(-1) if flip else maps
            total = total + F.interpolate(maps, size, mode='bilinear')[0].cpu().numpy()
    absent = [c for c in range(len(total)) if c not in labels]
    total[absent] = 0
    return total / (total.max((1, 2), keepdims=True) + 1e-5)


def run_baseline(model, images, labels, scales, root: Path) -> float:
    """Time the published way for all images, saving included.

    Args:
        model (nn.Module): The classifier.
        images (list[Tensor]): Normalised images, shape (3, H, W).
        labels (list[list[int]]): Classes that each image shows.
        scales (list[float]): Sizes of the views relative to the image.
        root (Path): Folder for the maps.

    Returns:
        float: Seconds.
    """
    started = time.perf_counter()
    for index, (image, label) in enumerate(zip(images, labels)):
        maps = view_by_view(model, image, label, scales)
        np.save(root / f'{index}.npy', maps[label].astype(np.float32))
    return time.perf_counter() - started


def run_ours(model, images, labels, batch_size: int, store: CAMStore) -> float:
    """Time this package's way for all images, storing included.

    Args:
        model (nn.Module): The classifier.
        images (list[Tensor]): Normalised images, shape (3, H, W).
        labels (list[list[int]]): Classes that each image shows.
        batch_size (int): Images at a time.
        store (CAMStore): Takes the maps.

    Returns:
        float: Seconds.
    """
    started = time.perf_counter()
    for start in range(0, len(images), batch_size):
        chunk = slice(start, start + batch_size)
        samples = [
            DataSample(metainfo=dict(img_id=str(start + i), ori_shape=tuple(image.shape[-2:])))
            for i, image in enumerate(images[chunk])
        ]
        for sample, label in zip(samples, labels[chunk]):
            sample.set_gt_label(label)
        for sample in model.predict(images[chunk], samples):
            store.write(ResponseMap.from_sample(sample))
    return time.perf_counter() - started


def build(cfg: Config, scales: list[float], **overrides) -> nn.Module:
    """Build the classifier of a config with random weights.

    Args:
        cfg (Config): The config.
        scales (list[float]): Sizes of the views relative to the image.
        **overrides (Any): Settings that replace those of ``cfg.model``.

    Returns:
        nn.Module: The classifier on the accelerator, in evaluation mode.
    """
    torch.manual_seed(0)
    settings = {**cfg.model, **overrides}
    settings['backbone'] = dict(settings['backbone'], init_cfg=None)
    settings['test_cfg'] = dict(scales=scales, flip=True, cam_stride=8)
    model = MODELS.build(settings).to(get_device())
    model.eval()
    return model


@torch.no_grad()
def main() -> None:
    """Run the benchmark."""
    args = parse_args()
    cfg = Config.fromfile(args.config)
    init_default_scope('mmwsss')
    plain, model = build(cfg, args.scales, channels_last=False), build(cfg, args.scales)
    num_classes = cfg.model.head.num_classes
    images = list(torch.randn(args.images, 3, *args.size, device=get_device()))
    rng = np.random.default_rng(0)
    labels = [
        sorted(rng.choice(num_classes, 1 + i % 2, False).tolist()) for i in range(len(images))
    ]
    with TemporaryDirectory() as folder:
        classes = [str(c) for c in range(num_classes)]
        store = CAMStore.create(Path(folder, 'store'), classes)
        warm = CAMStore.create(Path(folder, 'warm'), classes)
        run_baseline(plain, images[:1], labels[:1], args.scales, Path(folder, 'warm'))
        baseline = run_baseline(plain, images, labels, args.scales, Path(folder))
        if get_device() == 'cpu':
            keep_freed_memory()
        first = slice(args.batch_size)
        with autocast(enabled=args.amp):
            fuse_batch_norm(model.backbone)  # as tools/test.py does
            run_ours(model, images[first], labels[first], args.batch_size, warm)
            ours = run_ours(model, images, labels, args.batch_size, store)
        full = sum(file.stat().st_size for file in Path(folder).glob('*.npy'))
        report(len(images), {'view by view': (baseline, full), 'mmwsss': (ours, store.nbytes)})


def report(count: int, measured: dict[str, tuple[float, int]]) -> None:
    """Print speed and size of each way, and the ratios.

    Args:
        count (int): Number of images.
        measured (dict[str, tuple[float, int]]): Name of a way → seconds and bytes on disk; the
            baseline is the first.
    """
    for name, (seconds, size) in measured.items():
        print(f'{name:14s} {count / seconds:8.2f} img/s, {size / count:8.0f} bytes an image')
    (slow, large), (fast, small) = measured.values()
    print(f'{slow / fast:.2f} times as fast on {get_device()}; 1/{large / small:.0f} of the size')


if __name__ == '__main__':
    main()
