#!/usr/bin/env python
"""mIoU of response maps at every threshold: one pass against one pass per threshold.

The baseline is how the published evaluation does it: for each threshold it reads every full-size
map again, puts the threshold in the place of the background's score, takes the highest and counts.
Ours reads the small maps of a CAMStore once, as ``CAMMetric`` sees them. Maps and masks are made
up; both see the same maps.

python tools/benchmarks/cam_metric.py
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

import mmwsss  # noqa: F401
from mmwsss.evaluation.cam_histogram import (
    class_scores,
    confusion_matrices,
    sum_histograms,
    threshold_histogram,
)
from mmwsss.structures import CAMStore, ResponseMap


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Measure the speed of the metric')
    parser.add_argument('--images', type=int, default=20)
    parser.add_argument('--classes', type=int, default=20)
    parser.add_argument('--thresholds', type=int, default=100)
    parser.add_argument('--size', type=int, nargs=2, default=[375, 500], metavar=('H', 'W'))
    return parser.parse_args()


def write_inputs(args: argparse.Namespace, store: CAMStore, root: Path) -> list[dict]:
    """Write response maps into a store and, enlarged, as the published scripts save them.

    Returns:
        list[dict]: For each image its ``img_id`` and mask, ``truth``, uint8 (H, W).
    """
    rng = np.random.default_rng(0)
    height, width = args.size
    images = []
    for index in range(args.images):
        classes = np.sort(rng.choice(args.classes, 1 + index % 3, replace=False))
        scores = torch.from_numpy(
            rng.random((len(classes), -(-height // 8), -(-width // 8)), np.float32)
        )
        response = ResponseMap(scores, torch.from_numpy(classes), (height, width), str(index))
        store.write(response)
        stored = store.read(str(index))
        np.savez(root / f'{index}.npz', scores=stored.resized().numpy(), classes=classes)
        truth = rng.choice([0, 255, *(classes + 1)], (height, width)).astype(np.uint8)
        images.append(dict(img_id=str(index), truth=truth))
    return images


def threshold_by_threshold(args: argparse.Namespace, images: list[dict], root: Path) -> np.ndarray:
    """Compute mIoU at each threshold as published: shape (T,), in per cent."""
    count = args.classes + 1
    result = []
    for threshold in np.arange(args.thresholds) / args.thresholds:
        confusion = np.zeros((count, count), np.int64)
        for image in images:
            saved = np.load(root / f'{image["img_id"]}.npz')
            scores = np.zeros((count, *image['truth'].shape), np.float32)
            scores[0] = threshold
            scores[saved['classes'] + 1] = saved['scores']
            known = image['truth'] < 255
            pairs = image['truth'][known].astype(np.int64) * count + scores.argmax(0)[known]
            confusion += np.bincount(pairs, minlength=count**2).reshape(count, count)
        true_positive = confusion.diagonal()
        union = confusion.sum(0) + confusion.sum(1) - true_positive
        present = union > 0
        result.append(100 * (true_positive[present] / union[present]).mean())
    return np.array(result)


def one_pass(args: argparse.Namespace, images: list[dict], store: CAMStore) -> np.ndarray:
    """Compute mIoU at each threshold as ``CAMMetric`` does: shape (T,), in per cent."""
    thresholds = torch.arange(args.thresholds) / args.thresholds
    histograms = [
        threshold_histogram(
            store.read(image['img_id']),
            torch.from_numpy(image['truth']),
            thresholds,
            args.classes,
        )
        for image in images
    ]
    total = sum_histograms(histograms, args.thresholds, args.classes)
    iou, *_ = class_scores(confusion_matrices(total))
    return 100 * np.nanmean(iou, axis=1)


def measured(compute: Callable[..., np.ndarray], *inputs) -> tuple[np.ndarray, float, float]:
    """Run something in a process of its own: its result, seconds, and added memory in MiB."""
    with multiprocessing.get_context('fork').Pool(1) as pool:
        return pool.apply(_measured, (compute, inputs))


def _measured(compute: Callable[..., np.ndarray], inputs: tuple) -> tuple[np.ndarray, float, float]:
    torch.set_num_threads(1)
    before, started = _peak(), time.perf_counter()
    result = compute(*inputs)
    return result, time.perf_counter() - started, (_peak() - before) / 1024


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Run the benchmark."""
    args = parse_args()
    torch.set_num_threads(1)  # processes are forked
    with TemporaryDirectory() as folder:
        root = Path(folder)
        store = CAMStore.create(root / 'store', [str(c) for c in range(args.classes)])
        images = write_inputs(args, store, root)
        slow, seconds, memory = measured(threshold_by_threshold, args, images, root)
        ours, our_seconds, our_memory = measured(one_pass, args, images, store)
    print(f'{args.images} images, {args.thresholds} thresholds, one thread')
    print(f'threshold by threshold: {seconds:8.2f} s, {memory:6.1f} MiB more')
    print(f'one pass:               {our_seconds:8.2f} s, {our_memory:6.1f} MiB more')
    print(
        f'{seconds / our_seconds:.0f} times as fast; mIoU differs by {abs(slow - ours).max():.1e}'
    )


if __name__ == '__main__':
    main()
