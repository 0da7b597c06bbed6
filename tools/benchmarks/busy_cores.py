#!/usr/bin/env python
"""Training steps on cores that other programs use too: threads that spin or that sleep.

The baseline lets threads wait as the OpenMP library does by itself: they spin for a while. The
others wait by ``OMP_WAIT_POLICY=PASSIVE``, as ``import mmwsss`` sets it, with as many threads, and
with one. Each is a process of its own that trains EfficientNet-Lite0 on JPEG images, decoded by two
loading processes, beside 0, 1 and 2 neighbours that compute without end.

python tools/benchmarks/busy_cores.py
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from mmwsss.compat.openmp import CHOICES, wait_without_spinning
from mmwsss.engine.cpu_memory import keep_freed_memory
from mmwsss.models.backbones import EfficientNetLite

SPINNING, SLEEPING = 'threads spin', 'threads sleep'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Measure training on busy cores')
    parser.add_argument('--neighbours', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    parser.add_argument('--workers', type=int, default=2, help='loading processes')
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--size', type=int, default=224, help='side of an image in pixels')
    parser.add_argument('--steps', type=int, default=6, help='timed steps of each')
    parser.add_argument('--train', action='store_true', help='be the process that trains')
    return parser.parse_args()


class JpegImages(Dataset):
    """Decodes and resizes one photo-sized random JPEG again and again.

    Args:
        count (int): Number of images.
        size (int): Side of an image in pixels.
    """

    def __init__(self, count: int, size: int) -> None:
        pixels = np.random.default_rng(0).integers(0, 256, (375, 500, 3), dtype=np.uint8)
        self.jpeg, self.count, self.size = cv2.imencode('.jpg', pixels)[1], count, size

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> torch.Tensor:
        image = np.asarray(cv2.imdecode(self.jpeg, cv2.IMREAD_COLOR))
        image = cv2.resize(image, (self.size, self.size))
        return torch.from_numpy(image).permute(2, 0, 1).float() / 255


def train(args: argparse.Namespace) -> None:
    """Train and print the median wall and processor seconds of a step as JSON.

    Args:
        args (argparse.Namespace): The command line.
    """
    torch.set_num_threads(args.threads)
    keep_freed_memory()
    backbone = EfficientNetLite('lite0').to(memory_format=torch.channels_last)
    backbone.train()
    optimizer = torch.optim.SGD(backbone.parameters(), lr=1e-3)
    images = JpegImages((args.steps + 2) * args.batch_size, args.size)
    wall, processor = [], []
    started = time.perf_counter(), time.process_time()
    for batch in DataLoader(images, args.batch_size, num_workers=args.workers):
        loss = backbone(batch.to(memory_format=torch.channels_last))[-1].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        now = time.perf_counter(), time.process_time()
        wall.append(now[0] - started[0])
        processor.append(now[1] - started[1])
        started = now
    # The first two steps load libraries and fill memory.
    print(json.dumps([statistics.median(wall[2:]), statistics.median(processor[2:])]))


def step_seconds(args: argparse.Namespace, policy: str, threads: int) -> list[float]:
    """Train in a process of its own.

    Args:
        args (argparse.Namespace): The command line.
        policy (str): ``SPINNING`` or ``SLEEPING``.
        threads (int): Threads of the process.

    Returns:
        list[float]: Wall and processor seconds of a step.
    """
    environment = {key: value for key, value in os.environ.items() if key not in CHOICES}
    environment['OMP_NUM_THREADS'] = str(threads)
    if policy == SLEEPING:
        wait_without_spinning(environment, loaded=())
    options = [f'--threads={threads}', f'--workers={args.workers}', f'--steps={args.steps}']
    options += [f'--batch-size={args.batch_size}', f'--size={args.size}', '--train']
    command = [sys.executable, __file__, *options]
    result = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout)


def compute_for_ever() -> None:
    """Keep a core busy."""
    while True:
        pass


def measure_beside(args: argparse.Namespace, neighbours: int) -> None:
    """Print the times of all ways of waiting beside some neighbours.

    Args:
        args (argparse.Namespace): The command line.
        neighbours (int): Number of processes that compute without end.
    """
    busy = [
        multiprocessing.Process(target=compute_for_ever, daemon=True) for _ in range(neighbours)
    ]
    for process in busy:
        process.start()
    try:
        baseline = step_seconds(args, SPINNING, args.threads)
        others = {threads: step_seconds(args, SLEEPING, threads) for threads in (args.threads, 1)}
    finally:
        for process in busy:
            process.kill()
    name = f'{neighbours} neighbours, {args.threads} {SPINNING}'
    print(f'{name}: {baseline[0]:.2f} s a step, {baseline[1]:.2f} s of CPU')
    for threads, (wall, processor) in others.items():
        text = f'{threads} {SLEEPING}: {wall:.2f} s, {processor:.2f} s of CPU'
        print(f'    {text}: {baseline[0] / wall:.2f} times as fast', flush=True)


def main() -> None:
    """Run the benchmark."""
    args = parse_args()
    if args.train:
        train(args)
        return
    for neighbours in args.neighbours:
        measure_beside(args, neighbours)


if __name__ == '__main__':
    main()
