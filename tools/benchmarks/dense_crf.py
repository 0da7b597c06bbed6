"""Compare the dense CRF in a pool of processes with one process: images per second, and results.

The first pool waits until a server of processes has imported the package; the second one finds it
ready. The last row works at half of the resolution, so its results are others.
"""

import argparse
import functools
import hashlib
import time
from collections.abc import Iterator

import cv2
import numpy as np

from mmwsss.refinement.dense_crf import dense_crf_map


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--height', type=int, default=375)
    parser.add_argument('--width', type=int, default=500)
    parser.add_argument('--classes', type=int, default=3, help='background included')
    parser.add_argument('--images', type=int, default=20)
    parser.add_argument('--workers', type=int, default=2)
    args = parser.parse_args()
    if not 1 <= args.workers < args.images:
        parser.error('--workers must be at least 1 and fewer than --images')
    return args


def load(
    name: str, height: int, width: int, classes: int, shrink: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Draw an image of smooth colours, and smooth scores.

    Args:
        name (str): A number, the seed.
        height (int): Height of the image.
        width (int): Width of the image.
        classes (int): Number C of classes, background included.
        shrink (int): Divisor of the scores' size. Defaults to 1.

    Returns:
        tuple[np.ndarray, np.ndarray]: The image, shape (H, W, 3), uint8, and the scores, shape
        (C, h, w), float32.
    """
    rng = np.random.default_rng(int(name))
    coarse = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, 4, image.shape)
    image = np.clip(image + noise, 0, 255).astype(np.uint8)
    size = (width // shrink, height // shrink)
    scores = [cv2.resize(rng.random((9, 12), np.float32), size) for _ in range(classes)]
    return image, np.stack(scores)


def measure(results: Iterator[np.ndarray], processes: int) -> tuple[float, float, list[bytes]]:
    """Time how fast results come.

    Args:
        results (Iterator[np.ndarray]): The results; they are computed while it is iterated over.
        processes (int): Number of processes that compute them.

    Returns:
        tuple[float, float, list[bytes]]: Images a second with and without the start of the
        processes, and digests of the results.
    """
    start = time.perf_counter()
    digests, times = [], []
    for result in results:
        times.append(time.perf_counter() - start)
        digests.append(hashlib.sha256(np.ascontiguousarray(result)).digest())
    # Every process has brought its first image then.
    ready = processes - 1
    steady = (len(times) - processes) / (times[-1] - times[ready])
    return len(times) / times[-1], steady, digests


def main() -> None:
    """Time all ways and print the table."""
    args = parse_args()
    cv2.setNumThreads(1)
    names = [str(index) for index in range(args.images)]
    shape = {'height': args.height, 'width': args.width, 'classes': args.classes}
    whole = functools.partial(load, **shape)
    half = functools.partial(load, **shape, shrink=2)
    pool = functools.partial(dense_crf_map, whole, names, workers=args.workers, progress=False)
    runs = {
        'one process': (1, lambda: dense_crf_map(whole, names, progress=False)),
        f'first pool of {args.workers}': (args.workers, pool),
        f'second pool of {args.workers}': (args.workers, pool),
        'one process, half size': (
            1,
            lambda: dense_crf_map(half, names, resolution='scores', progress=False),
        ),
    }
    print(f'{args.images} images {args.width}x{args.height}, {args.classes} classes')
    print('| run | images/s | faster | without the start | faster | same results |')
    print('| --- | --- | --- | --- | --- | --- |')
    base = None
    for name, (processes, run) in runs.items():
        figures = measure(run(), processes)
        base = base or figures
        print(
            f'| {name} | {figures[0]:.2f} | {figures[0] / base[0]:.2f} x '
            f'| {figures[1]:.2f} | {figures[1] / base[1]:.2f} x '
            f'| {"yes" if figures[2] == base[2] else "no"} |',
            flush=True,
        )


if __name__ == '__main__':
    main()
