"""Compare the dense CRF in a pool of processes with one process: pictures per second.

The pool's first picture waits until its processes have started and imported the package, so the
table tells the start apart from the rest. The last row works at half of the resolution.
"""

import argparse
import functools
import time

import cv2
import numpy as np

from mmwsss.refinement.dense_crf import dense_crf_map


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--height', type=int, default=375)
    parser.add_argument('--width', type=int, default=500)
    parser.add_argument('--classes', type=int, default=3, help='background included')
    parser.add_argument('--pictures', type=int, default=20)
    parser.add_argument('--workers', type=int, default=2)
    return parser.parse_args()


def load(
    name: str, height: int, width: int, classes: int, shrink: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """A picture of smooth colours and smooth scores, drawn from the name."""
    rng = np.random.default_rng(int(name))
    coarse = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, 4, image.shape)
    image = np.clip(image + noise, 0, 255).astype(np.uint8)
    size = (width // shrink, height // shrink)
    scores = [cv2.resize(rng.random((9, 12), np.float32), size) for _ in range(classes)]
    return image, np.stack(scores)


def main() -> None:
    """Time both ways and print the table."""
    args = parse_args()
    cv2.setNumThreads(1)
    names = [str(index) for index in range(args.pictures)]
    shape = {'height': args.height, 'width': args.width, 'classes': args.classes}
    whole = functools.partial(load, **shape)
    half = functools.partial(load, **shape, shrink=2)
    runs = {
        'one process': dense_crf_map(whole, names, progress=False),
        f'pool of {args.workers}': dense_crf_map(
            whole, names, workers=args.workers, progress=False
        ),
        'one process, half size': dense_crf_map(half, names, resolution='scores', progress=False),
    }
    print(f'{args.pictures} pictures {args.width}x{args.height}, {args.classes} classes')
    print('| run | first picture | all | pictures/s after the first | faster |')
    print('| --- | --- | --- | --- | --- |')
    base = None
    for name, results in runs.items():
        start = time.perf_counter()
        next(results)
        first = time.perf_counter() - start
        count = sum(1 for _ in results)
        seconds = time.perf_counter() - start
        rate = count / (seconds - first)
        base = base or rate
        print(f'| {name} | {first:.2f} s | {seconds:.2f} s | {rate:.1f} | {rate / base:.2f} x |')


if __name__ == '__main__':
    main()
