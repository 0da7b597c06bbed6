#!/usr/bin/env python
"""What a dataset of the size of COCO 2014 takes: memory and time of the metric and the clustering.

Response maps, masks, tags and features are made up. Classes are as frequent as COCO's: one in half
of the images, the others in 13 % down to 0.15 %. The metric keeps a sparse histogram of each image;
here those of some images are copied to the full number, and added up.

python tools/benchmarks/dataset_scale.py
python tools/benchmarks/dataset_scale.py --images 40504
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F

import mmwsss  # noqa: F401
from mmwsss.analysis.peak_memory import PeakMemory
from mmwsss.clustering import KMeans, cluster_classes
from mmwsss.evaluation.cam_histogram import SparseHistogram, sum_histograms, threshold_histogram
from mmwsss.structures import ResponseMap

Result = TypeVar('Result')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--images', type=int, default=82783, help='default: those of train')
    parser.add_argument('--classes', type=int, default=80)
    parser.add_argument('--thresholds', type=int, default=101)
    parser.add_argument('--size', type=int, nargs=2, default=[480, 640], metavar=('H', 'W'))
    parser.add_argument('--distinct', type=int, default=200, help='images that are measured')
    parser.add_argument(
        '--dim',
        type=int,
        nargs='*',
        default=[512, 2048],
        help='of the features: 512 with ResNet-38, 2048 with ResNet-50',
    )
    parser.add_argument('--clusters', type=int, default=10, help='K')
    parser.add_argument('--processes', type=int, help='default: the available cores')
    return parser.parse_args()


def draw_presence(images: int, classes: int) -> np.ndarray:
    """Draw which classes each image shows, one at least: bool (N, C)."""
    rng = np.random.default_rng(0)
    chances = np.array([0.55, *np.geomspace(0.13, 0.0015, classes - 1)])
    presence = rng.random((images, classes)) < chances
    empty = np.flatnonzero(~presence.any(1))
    presence[empty, rng.integers(0, classes, len(empty))] = True
    return presence


def draw_histograms(presence: np.ndarray, args: argparse.Namespace) -> list[SparseHistogram]:
    """Measure smooth maps of random places against smooth masks: the histogram of each image."""
    torch.manual_seed(0)
    height, width = args.size
    thresholds = torch.arange(args.thresholds) / args.thresholds
    found = []
    for row in presence:
        classes = torch.from_numpy(np.flatnonzero(row))
        maps = smooth(len(classes), -(-height // 8), -(-width // 8))
        truth = smooth(1 + len(classes), height, width).argmax(0)
        truth = torch.cat([torch.zeros(1, dtype=torch.long), classes + 1])[truth]
        response = ResponseMap(maps, classes, (height, width), 'image')
        found.append(
            threshold_histogram(response, truth.to(torch.uint8), thresholds, presence.shape[1])
        )
    return found


def smooth(count: int, height: int, width: int) -> torch.Tensor:
    """Draw maps of few bumps, each from 0 to 1: (count, H, W)."""
    maps = F.interpolate(torch.randn(1, count, 6, 8), (height, width), mode='bicubic')[0]
    maps = maps - maps.amin((1, 2), keepdim=True)
    return maps / maps.amax((1, 2), keepdim=True)


def draw_features(presence: np.ndarray, dim: int) -> np.ndarray:
    """Draw features around a center of a class that the image shows: float32 (N, D)."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((presence.shape[1], 5, dim), np.float32)
    features = rng.standard_normal((len(presence), dim), np.float32)
    features += centers[presence.argmax(1), rng.integers(0, 5, len(presence))]
    return np.maximum(features, 0, out=features)


def measured(call: Callable[[], Result]) -> tuple[Result, float, float]:
    """Make a call: its result, seconds and MB at the peak."""
    with PeakMemory() as memory:
        began = time.perf_counter()
        result = call()
        seconds = time.perf_counter() - began
    return result, seconds, memory.added_bytes / 1e6


def measure_metric(presence: np.ndarray, args: argparse.Namespace) -> None:
    """Print what the metric takes."""
    some = draw_histograms(presence[: args.distinct], args)

    def keep() -> list[SparseHistogram]:
        picked = (some[index % len(some)] for index in range(args.images))
        return [(index.copy(), count.copy()) for index, count in picked]

    kept, _, megabytes = measured(keep)
    each = 1e3 * megabytes / args.images
    print(f'metric, kept for all images: {megabytes:.0f} MB, {each:.1f} kB an image')
    _, seconds, megabytes = measured(lambda: sum_histograms(kept, args.thresholds, args.classes))
    print(f'metric, to add them up: {megabytes:.0f} MB more, {seconds:.1f} s')


def measure_clusters(presence: np.ndarray, dim: int, args: argparse.Namespace) -> None:
    """Print what the clustering takes."""
    features = draw_features(presence, dim)
    number = [args.clusters] * args.classes
    _, seconds, megabytes = measured(
        lambda: cluster_classes(features, presence, number, KMeans(), processes=args.processes)
    )
    print(
        f'clusters of {dim}-d features, K = {args.clusters}: {features.nbytes / 1e6:.0f} MB of '
        f'features, {megabytes:.0f} MB more at the peak, {seconds:.1f} s'
    )


def main() -> None:
    """Measure, and print a line for each part."""
    args = parse_args()
    torch.set_num_threads(1)
    args.processes = args.processes or len(os.sched_getaffinity(0))
    presence = draw_presence(args.images, args.classes)
    print(f'{args.images} images, {presence.sum()} image-class pairs, {args.processes} processes')
    measure_metric(presence, args)
    for dim in args.dim:
        measure_clusters(presence, dim, args)


if __name__ == '__main__':
    main()
