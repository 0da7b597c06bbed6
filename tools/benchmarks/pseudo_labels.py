"""Time the making of pseudo-labels (random walk and CRF): images per second, and differences.

- dense: the baseline. One image after another in one process, the walk as published: a dense
  N x N matrix and t squarings. Affinities, CRF and files are those of the tool.
- one process, pool: what tools/make_pseudo_labels.py does, ``--workers 0`` and more. The first pool
  waits until a server of processes has imported the package, the second one finds it ready.

Images are those of the demo set, response maps their masks averaged over cells of 16 pixels, the
AffinityNet is the config's without training. Times are those of the whole work without imports.
"""

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.masks import read_mask
from mmwsss.demo import CLASSES, make_demo_set
from mmwsss.ops.pairs import half_plane_offsets
from mmwsss.pseudo_labels.images import list_images
from mmwsss.pseudo_labels.labeller import ImageLoader
from mmwsss.pseudo_labels.make import KIND, build_refiner, make_pseudo_labels
from mmwsss.pseudo_labels.processes import start_processes
from mmwsss.refinement.background import Background
from mmwsss.refinement.refiners import ConfidenceThresholds, ScoredImage
from mmwsss.refinement.refiners.random_walk import RandomWalkRefiner, pool_to_cells
from mmwsss.registry import MODELS
from mmwsss.structures import CAMStore, ResponseMap

CELL = 16


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--config', default='configs/msrc/affinitynet_efficientnet-lite0_msrc.py')
    parser.add_argument('--width', type=int, default=500)
    parser.add_argument('--height', type=int, default=375)
    parser.add_argument('--images', type=int, default=10, help=f'at least {len(CLASSES)}')
    parser.add_argument('--workers', type=int, default=2, help='of the pool; 0: no pool')
    parser.add_argument('--threads', type=int, default=1, help='of the main process')
    return parser.parse_args()


def prepare(args: argparse.Namespace, root: Path) -> tuple[Config, str]:
    """Make images, response maps and weights.

    Args:
        args (argparse.Namespace): The command line.
        root (Path): Folder for all files.

    Returns:
        tuple[Config, str]: The config that names them, and the checkpoint.
    """
    make_demo_set(root / 'demo', args.images, len(CLASSES), size=(args.width, args.height))
    cfg = Config.fromfile(args.config)
    cfg.label_dataset = dict(
        type='ImageLevelDataset',
        data_root=str(root / 'demo'),
        ann_file='ImageSets/Segmentation/train.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='JPEGImages'),
    )
    cfg.pseudo_labels.update(cam_store=str(root / 'cams'), mask_dir=None)
    start_processes(cfg)
    images, metainfo = list_images(cfg.label_dataset, str(root / 'demo/SegmentationClass'))
    store = CAMStore.create(root / 'cams', metainfo['classes'])
    for image in images:
        mask = torch.from_numpy(read_mask(image.mask_path))
        classes = torch.tensor(image.labels)
        shown = pool_to_cells((mask == classes[:, None, None] + 1).float()[None], CELL)[0]
        scores = shown / shown.amax((1, 2), keepdim=True).clamp(min=1e-6)
        store.write(ResponseMap(scores, classes, mask.shape, image.img_id))
    torch.manual_seed(0)
    checkpoint = str(root / 'untrained.pth')
    torch.save({'state_dict': MODELS.build(cfg.model).state_dict()}, checkpoint)
    return cfg, checkpoint


def walk_dense(maps: Tensor, affinity: Tensor, radius: float, beta: float, t: int) -> Tensor:
    """Walk as published: t squarings of a dense matrix, in float32.

    Args:
        maps (Tensor): Class maps, shape (K, h, w).
        affinity (Tensor): Affinities from ``pairwise_affinity``, shape (P, h, w).
        radius (float): Radius within which cells have an affinity, in cells.
        beta (float): Exponent of the affinities.
        t (int): Logarithm of the number of steps.

    Returns:
        Tensor: Class maps after the walk, shape (K, h, w).
    """
    _, height, width = maps.shape
    index = torch.arange(height * width).view(height, width)
    matrix = torch.eye(height * width)
    for links, (dy, dx) in zip(affinity, half_plane_offsets(radius)):
        here = (slice(height - dy), slice(max(0, -dx), width - max(0, dx)))
        i = index[here].flatten()
        j = i + dy * width + dx
        matrix[i, j] = matrix[j, i] = links[here].flatten()
    matrix = matrix**beta
    matrix = matrix / matrix.sum(0, keepdim=True)
    for _ in range(t):
        matrix = matrix @ matrix
    return (maps.flatten(1) @ matrix).view_as(maps)


def refine_dense(sample: ScoredImage, walker: RandomWalkRefiner) -> ScoredImage:
    """Walk the scores of an image the dense way.

    Args:
        sample (ScoredImage): The image with its scores.
        walker (RandomWalkRefiner): The refiner, the model and settings of which are used.

    Returns:
        ScoredImage: The image with its scores after the walk.
    """
    model = walker.model
    image = torch.from_numpy(np.ascontiguousarray(sample.image.transpose(2, 0, 1)))
    affinity = model.affinities([image], 1.0)[0]
    maps = pool_to_cells(torch.from_numpy(sample.scores), model.stride)
    walked = walk_dense(maps, affinity, model.radius, walker.beta, walker.t)
    extent = tuple(model.stride * side for side in walked.shape[1:])
    return sample.with_scores(walked.numpy(), extent)


def label_dense(cfg: Config, checkpoint: str, out: Path) -> LabelFolder:
    """Label the images one after another, with dense walks.

    Args:
        cfg (Config): Config from :func:`prepare`.
        checkpoint (str): Checkpoint of the AffinityNet.
        out (Path): Folder for the labels.

    Returns:
        LabelFolder: The labels.
    """
    job = cfg.pseudo_labels
    images, _ = list_images(cfg.label_dataset, None)
    store = CAMStore.open(job.cam_store)
    load = ImageLoader(store, Background(**job.background))
    steps = build_refiner(job, cfg.model, checkpoint).steps()
    folder = LabelFolder.create(out, KIND, store.classes, {})
    thresholds = ConfidenceThresholds.parse(job.get('ignore_below', 0.0))
    for image in images:
        scored = load(image)
        for step in steps:
            walks = isinstance(step, RandomWalkRefiner)
            scored = refine_dense(scored, step) if walks else step.refine(scored)
        folder.write(image.img_id, scored.labels(thresholds))
    return folder


def label_tool(cfg: Config, checkpoint: str, out: Path, workers: int) -> LabelFolder:
    """Label the images as the tool does.

    Args:
        cfg (Config): Config from :func:`prepare`.
        checkpoint (str): Checkpoint of the AffinityNet.
        out (Path): Folder for the labels.
        workers (int): Processes of the pool.

    Returns:
        LabelFolder: The labels.
    """
    return make_pseudo_labels(cfg, checkpoint, out=str(out), workers=workers).folder


def difference(labels: LabelFolder, others: LabelFolder) -> float:
    """Compute the share of the pixels that have different labels.

    Args:
        labels (LabelFolder): The labels.
        others (LabelFolder): Other labels of the same images.

    Returns:
        float: The share, in [0, 1].
    """
    unequal = [labels.read(img_id) != others.read(img_id) for img_id in labels.ids()]
    return sum(map(np.sum, unequal)) / sum(map(np.size, unequal))


def main() -> None:
    """Time all ways and print the table."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    runs = {'dense': None, 'one process': 0}
    if args.workers:
        runs |= {f'first pool of {args.workers}': args.workers}
        runs |= {f'second pool of {args.workers}': args.workers}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        cfg, checkpoint = prepare(args, root)
        print(f'{args.images} images {args.width}x{args.height}, {args.threads} thread(s)')
        print('| run | images/s | faster | CPU of the main process | other labels |')
        print('| --- | --- | --- | --- | --- |')
        base, labels = 0.0, None
        for name, workers in runs.items():
            begin, cpu = time.perf_counter(), time.process_time()
            if workers is None:
                made = label_dense(cfg, checkpoint, root / name)
            else:
                made = label_tool(cfg, checkpoint, root / name, workers)
            rate = args.images / (time.perf_counter() - begin)
            spent = (time.process_time() - cpu) / args.images
            base, labels = base or rate, labels or made
            print(
                f'| {name} | {rate:.2f} | {rate / base:.1f} x | {spent:.2f} s/image '
                f'| {100 * difference(labels, made):.3f} % |',
                flush=True,
            )


if __name__ == '__main__':
    main()
