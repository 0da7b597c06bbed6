"""Compare the random walk with the published dense computation: time, memory, difference.

Every method runs in a process of its own, from the same feature map to the same walked class maps:

- dense: the published way. Gathered features of all pairs, a dense N x N matrix, t squarings.
- sparse: the same transition matrix kept sparse, 2^t products.
- ours: mmwsss.refinement.random_walk, a Chebyshev series of sparse products.
"""

import argparse
import ctypes
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmwsss.ops.affinity import pairwise_affinity
from mmwsss.ops.pairs import half_plane_offsets
from mmwsss.refinement.random_walk import (
    random_walk,
    transition_matrix,
)

CLOCKS = {'wall': time.perf_counter, 'cpu': time.process_time}


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--height', type=int, default=375, help='of the image')
    parser.add_argument('--width', type=int, default=500, help='of the image')
    parser.add_argument('--stride', type=int, default=8, help='of the grid')
    parser.add_argument('--channels', type=int, default=448, help='of the features')
    parser.add_argument('--classes', type=int, default=4, help='maps, background included')
    parser.add_argument('--radius', type=int, default=5)
    parser.add_argument('--beta', type=float, default=8)
    parser.add_argument('--t', type=int, default=8, help='logarithm of the number of steps')
    parser.add_argument('--batch', type=int, default=1, help='images at once')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu')
    parser.add_argument(
        '--clock',
        choices=CLOCKS,
        default='wall',
        help='cpu: processor time of all threads, which other programs disturb less',
    )
    parser.add_argument(
        '--repeats', type=int, default=10, help='of the sparse ways; the best counts'
    )
    parser.add_argument('--method', choices=('dense', 'sparse', 'ours'), help=argparse.SUPPRESS)
    parser.add_argument('--output', type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def make_inputs(args: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """Draw smooth features and maps, the same in every process.

    Args:
        args (argparse.Namespace): The command line.

    Returns:
        tuple[Tensor, Tensor]: Features, shape (N, C, h, w), and class maps, shape (N, K, h, w).
    """
    generator = torch.Generator().manual_seed(0)
    height, width = math.ceil(args.height / args.stride), math.ceil(args.width / args.stride)
    shape = (args.batch, args.channels, height, width)
    features = torch.randn(shape, generator=generator)
    features = torch.nn.functional.avg_pool2d(features, 5, 1, 2) * 3
    maps = torch.rand(args.batch, args.classes, height, width, generator=generator)
    return features.to(args.device), maps.to(args.device)


def dense_affinity(features: Tensor, radius: int) -> Tensor:
    """Compute the affinities of an image as a dense matrix.

    Args:
        features (Tensor): Features, shape (C, h, w).
        radius (int): Radius within which cells have an affinity, in cells.

    Returns:
        Tensor: Affinities, shape (h·w, h·w), with ones on the diagonal.
    """
    _, height, width = features.shape
    index = torch.arange(height * width, device=features.device).view(height, width)
    first, second = [], []
    for dy, dx in half_plane_offsets(radius):
        left, right = max(0, -dx), max(0, dx)
        first.append(index[: height - dy, left : width - right].flatten())
        second.append(index[dy:, right : width - left].flatten())
    i, j = torch.cat(first), torch.cat(second)
    flat = features.flatten(1)
    affinity = torch.exp(-(flat[:, i] - flat[:, j]).abs().mean(0))
    dense = torch.eye(height * width, device=features.device)
    dense[i, j] = dense[j, i] = affinity
    return dense


def affinities_dense(features: Tensor, args: argparse.Namespace) -> list[Tensor]:
    """Compute affinities as published: one image after the other, in float32.

    Args:
        features (Tensor): Features, shape (N, C, h, w).
        args (argparse.Namespace): The command line.

    Returns:
        list[Tensor]: A dense matrix for each image.
    """
    return [dense_affinity(image, args.radius) for image in features]


def walk_dense(maps: Tensor, affinities: list[Tensor], args: argparse.Namespace) -> Tensor:
    """Walk as published: t squarings of the dense matrix, in float32.

    Args:
        maps (Tensor): Class maps, shape (N, K, h, w).
        affinities (list[Tensor]): A dense matrix for each image.
        args (argparse.Namespace): The command line.

    Returns:
        Tensor: Class maps after the walk, shape (N, K, h, w).
    """
    walked = []
    for image_maps, affinity in zip(maps, affinities):
        matrix = affinity**args.beta
        matrix = matrix / matrix.sum(0, keepdim=True)
        for _ in range(args.t):
            matrix = matrix @ matrix
        walked.append((image_maps.flatten(1) @ matrix).view_as(image_maps))
    return torch.stack(walked)


def affinities_sparse(features: Tensor, args: argparse.Namespace) -> Tensor:
    """Compute affinities as this package does.

    Args:
        features (Tensor): Features, shape (N, C, h, w).
        args (argparse.Namespace): The command line.

    Returns:
        Tensor: Affinities from ``pairwise_affinity``, shape (N, P, h, w).
    """
    return pairwise_affinity(features, args.radius)


def walk_sparse(maps: Tensor, affinity: Tensor, args: argparse.Namespace) -> Tensor:
    """Walk by 2^t sparse products, in float64.

    Args:
        maps (Tensor): Class maps, shape (N, K, h, w).
        affinity (Tensor): Affinities from ``pairwise_affinity``, shape (N, P, h, w).
        args (argparse.Namespace): The command line.

    Returns:
        Tensor: Class maps after the walk, shape (N, K, h, w).
    """
    matrix = transition_matrix(affinity, args.radius, args.beta)
    batch, classes, height, width = maps.shape
    columns = maps.double().permute(0, 2, 3, 1).reshape(-1, classes)
    for _ in range(2**args.t):
        columns = matrix @ columns
    return columns.view(batch, height, width, classes).permute(0, 3, 1, 2).to(maps.dtype)


def walk_ours(maps: Tensor, affinity: Tensor, args: argparse.Namespace) -> Tensor:
    """Walk as this package does.

    Args:
        maps (Tensor): Class maps, shape (N, K, h, w).
        affinity (Tensor): Affinities from ``pairwise_affinity``, shape (N, P, h, w).
        args (argparse.Namespace): The command line.

    Returns:
        Tensor: Class maps after the walk, shape (N, K, h, w).
    """
    return random_walk(maps, affinity, radius=args.radius, beta=args.beta, t=args.t)


METHODS: dict[str, tuple[Callable, Callable]] = {
    'dense': (affinities_dense, walk_dense),
    'sparse': (affinities_sparse, walk_sparse),
    'ours': (affinities_sparse, walk_ours),
}


def resident(field: str) -> int:
    """Read the resident memory of this process from Linux's /proc.

    Args:
        field (str): 'VmRSS' for the memory now, or 'VmHWM' for the peak.

    Returns:
        int: Bytes.

    Raises:
        OSError: If the system does not tell.
    """
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f'/proc/self/status has no {field}: run this benchmark on Linux')


def extra_memory(function: Callable[[], Tensor], device: str) -> int:
    """Measure the memory that a call takes beyond what was there before.

    Args:
        function (Callable): The call.
        device (str): Device that it works on.

    Returns:
        int: Bytes at the peak.
    """
    if device != 'cpu':
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        function()
        return torch.cuda.max_memory_allocated() - before
    # Pages that the allocator kept from earlier work would hide what the call takes.
    ctypes.CDLL(None).malloc_trim(0)
    Path('/proc/self/clear_refs').write_text('5')
    before = resident('VmRSS')
    function()
    return resident('VmHWM') - before


def measure(args: argparse.Namespace) -> None:
    """Run one method in this process; write its figures and result.

    Args:
        args (argparse.Namespace): The command line, with ``method`` and ``output``.
    """
    torch.set_num_threads(args.threads)
    features, maps = make_inputs(args)
    affinities, walk = METHODS[args.method]
    corner = (..., slice(0, 9), slice(0, 9))
    walk(maps[corner], affinities(features[corner], args), args)
    memory = extra_memory(lambda: walk(maps, affinities(features, args), args), args.device)
    slow = args.method == 'dense' and args.device == 'cpu'
    first, second = [], []
    for _ in range(1 if slow else args.repeats):
        elapsed, links = timed(lambda: affinities(features, args), args)
        first.append(elapsed)
        elapsed, result = timed(lambda links=links: walk(maps, links, args), args)
        second.append(elapsed)
    np.save(args.output / f'{args.method}.npy', result.cpu().numpy())
    figures = {'affinities': min(first), 'walk': min(second), 'bytes': memory}
    (args.output / f'{args.method}.json').write_text(json.dumps(figures))


def timed(function: Callable[[], Any], args: argparse.Namespace) -> tuple[float, Any]:
    """Time a call.

    Args:
        function (Callable): The call.
        args (argparse.Namespace): The command line.

    Returns:
        tuple[float, Any]: Seconds, and the result of the call.
    """
    clock = CLOCKS[args.clock]
    start = clock()
    result = function()
    if args.device != 'cpu':
        torch.cuda.synchronize()
    return clock() - start, result


def main() -> None:
    """Measure every method in a fresh process and print the table."""
    args = parse_args()
    if args.method:
        measure(args)
        return
    figures, results = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for method in METHODS:
            command = [sys.executable, *sys.argv, '--method', method, '--output', folder]
            subprocess.run(command, check=True)
            figures[method] = json.loads(Path(folder, f'{method}.json').read_text())
            results[method] = np.load(Path(folder, f'{method}.npy'), allow_pickle=False)
    base = figures['dense']
    height, width = results['dense'].shape[-2:]
    print(
        f'{args.batch} x {height}x{width} grid, {args.channels} channels, {args.classes} maps, '
        f'radius {args.radius}, beta {args.beta:g}, 2^{args.t} steps, {args.device}, '
        f'{args.threads} thread(s), {args.clock} time'
    )
    print(
        '| method | affinities | walk | walk faster | all faster | memory | of dense | difference |'
    )
    print('| --- | --- | --- | --- | --- | --- | --- | --- |')
    for method in METHODS:
        row = figures[method]
        difference = np.abs(results[method].astype(float) - results['dense']).max()
        print(
            f'| {method} | {row["affinities"] * 1e3:.1f} ms | {row["walk"] * 1e3:.1f} ms '
            f'| {base["walk"] / row["walk"]:.0f} x | {total(base) / total(row):.0f} x '
            f'| {row["bytes"] / 2**20:.1f} MiB | 1/{base["bytes"] / max(row["bytes"], 1):.0f} '
            f'| {difference:.1e} |'
        )


def total(row: dict[str, float]) -> float:
    """Add the seconds of both steps.

    Args:
        row (dict[str, float]): Figures of a method.

    Returns:
        float: Seconds.
    """
    return row['affinities'] + row['walk']


if __name__ == '__main__':
    main()
