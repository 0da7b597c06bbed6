"""Draw the figures of concepts.md, after a quick start and the training of docs/get_started.md.

``python docs/figures.py quickstart work_dirs/cam_efficientnet-lite0_demo``
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from PIL import Image
from torch import Tensor, nn

from mmwsss.clustering import KMeans, cluster_classes
from mmwsss.ops.pairs import half_plane_offsets
from mmwsss.refinement.random_walk import random_walk
from mmwsss.registry import DATASETS, MODELS
from mmwsss.visualization import image_grid, overlay_scores

IMAGES = Path(__file__).parent / 'images'
DATA = 'data/demo/'
TILE = 200


def load(config: Path, run: Path) -> tuple[nn.Module, Config]:
    """Load the model that a training has left in its folder."""
    cfg = Config.fromfile(config)
    init_default_scope('mmwsss')
    model = MODELS.build(cfg.model).eval()
    checkpoint = (run / 'last_checkpoint').read_text().strip()
    load_checkpoint(model, str(run / Path(checkpoint).name), map_location='cpu')
    return model, cfg


def photo_of(info: dict) -> np.ndarray:
    """Read an image of the demo set, RGB."""
    return np.asarray(Image.open(info['img_path']))


def normalised(model: nn.Module, photo: np.ndarray) -> Tensor:
    """Prepare an image as a data preprocessor does, (1, 3, H, W)."""
    bgr = torch.from_numpy(photo[..., ::-1].copy()).permute(2, 0, 1)
    return torch.stack(tuple(model.data_preprocessor({'inputs': [bgr]})['inputs']))


def heat(photo: np.ndarray, scores: Tensor) -> np.ndarray:
    """Lay a map of scores over a photo, scaled to its size and maximum."""
    size = photo.shape[1::-1]
    scores = cv2.resize(scores.numpy(), size, interpolation=cv2.INTER_LINEAR)
    return overlay_scores(photo, np.clip(scores / scores.max(), 0, 1))


def save(name: str, image: np.ndarray) -> None:
    """Write a figure."""
    Image.fromarray(image).save(IMAGES / f'concepts_{name}.jpg', quality=88)


@torch.no_grad()
def draw_mixup(model: nn.Module, infos: list[dict], classes: tuple[str, ...]) -> None:
    """Figure 2.2: two images, their mixture, and the maps of both classes in it."""
    alone = [info for info in infos if len(info['gt_label']) == 1]
    rows = []
    for first, second in ((alone[0], alone[1]), (alone[2], alone[3])):
        pair = [photo_of(info) for info in (first, second)]
        mixed = ((pair[0].astype(np.float32) + pair[1]) / 2).astype(np.uint8)
        maps = model.class_maps(normalised(model, mixed))[0].relu()
        labels = [info['gt_label'][0] for info in (first, second)]
        rows.append([*pair, mixed, *(heat(mixed, maps[label]) for label in labels)])
    columns = ['image 1', 'image 2', 'mixed, λ = 0.5', 'map of class 1', 'map of class 2']
    save('mixup', image_grid(rows, columns, tile_width=TILE))


@torch.no_grad()
def draw_methods(plain: nn.Module, mixup: nn.Module, infos: list[dict]) -> None:
    """Figure 2.3: response maps of plain CAM and of Mixup-CAM side by side."""
    rows = []
    for info in [info for info in infos if len(info['gt_label']) == 1][:3]:
        photo, label = photo_of(info), info['gt_label'][0]
        models = (plain, mixup)
        maps = [model.class_maps(normalised(model, photo))[0, label].relu() for model in models]
        rows.append([photo, *(heat(photo, one) for one in maps)])
    save('methods', image_grid(rows, ['image', 'CAM', 'Mixup-CAM'], tile_width=TILE))


@torch.no_grad()
def draw_clusters(model: nn.Module, infos: list[dict], classes: tuple[str, ...]) -> None:
    """Figure 3.5: clusters of the features of two classes, the images nearest to each mean."""
    images = [normalised(model, photo_of(info))[0] for info in infos]
    features = torch.cat([model.pooled_features([image]) for image in images]).numpy()
    presence = np.zeros((len(infos), len(classes)), bool)
    for row, info in zip(presence, infos):
        row[info['gt_label']] = True
    clusters = cluster_classes(features, presence, [3] * len(classes), KMeans(), processes=1)
    found, columns = clusters[0], 5
    rows = []
    for label in range(3):
        members = np.flatnonzero(found.labels == label)
        nearest = members[np.argsort(found.distances[members])][:columns]
        shown = [photo_of(infos[found.rows[member]]) for member in nearest]
        rows.append(shown + [np.full_like(shown[0], 255)] * (columns - len(shown)))
    captions = [f'{classes[0]}, sub-category {label + 1}' for label in range(3)]
    headings = ['nearest to the mean'] + [''] * (columns - 1)
    save('clusters', image_grid(rows, headings, captions=captions, tile_width=TILE))


def affinities_of_cell(affinity: Tensor, cell: tuple[int, int], radius: float) -> Tensor:
    """Lay out the affinities of a cell to its neighbours on the grid, (h, w)."""
    grid = torch.zeros(affinity.shape[1:])
    height, width = grid.shape
    y, x = cell
    grid[cell] = 1
    for pair, (down, right) in enumerate(half_plane_offsets(radius)):
        if 0 <= y + down < height and 0 <= x + right < width:
            grid[y + down, x + right] = affinity[pair, y, x]
        if 0 <= y - down < height and 0 <= x - right < width:
            grid[y - down, x - right] = affinity[pair, y - down, x - right]
    return grid


@torch.no_grad()
def draw_walk(classifier: nn.Module, net: nn.Module, infos: list[dict]) -> None:
    """Affinities of one cell, and the scores of a class after more and more steps."""
    rows = []
    for info in [info for info in infos if len(info['gt_label']) == 1][4:6]:
        photo = photo_of(info)
        affinity = net.batch_affinities(normalised(net, photo))[0]
        label = info['gt_label'][0]
        cam = classifier.class_maps(normalised(classifier, photo))[:, [label]].relu()
        size = tuple(affinity.shape[1:])
        scores = nn.functional.interpolate(cam, size, mode='bilinear')[0]
        peak = np.unravel_index(int(scores[0].argmax()), size)
        cell = (int(peak[0]), int(peak[1]))
        marked = photo.copy()
        stride = photo.shape[0] / size[0]
        centre = tuple(int((side + 0.5) * stride) for side in cell[::-1])
        cv2.circle(marked, centre, 6, (255, 0, 0), 2)
        walked = [random_walk(scores, affinity, radius=net.radius, t=t)[0] for t in (2, 5, 8)]
        neighbours = affinities_of_cell(affinity, cell, net.radius)
        maps = [neighbours, scores[0], *walked]
        rows.append([marked, *(heat(photo, one.float()) for one in maps)])
    columns = ['image', 'affinities', 'response map', '4 steps', '32 steps', '256 steps']
    save('walk', image_grid(rows, columns, tile_width=TILE))


def samples(cfg: Config, split: str) -> Iterator[dict]:
    """Read what is known of the images of a split."""
    settings = dict(cfg.train_dataloader.dataset, data_root=DATA, pipeline=[])
    settings['ann_file'] = f'ImageSets/Segmentation/{split}.txt'
    dataset = DATASETS.build(settings)
    cfg.classes = dataset.metainfo['classes']
    for index in range(len(dataset)):
        yield dataset.get_data_info(index)


def main() -> None:
    """Draw all figures."""
    parser = argparse.ArgumentParser(description='Draw the figures of docs/concepts.md')
    parser.add_argument('quickstart', type=Path, help='folder of a finished quick start')
    parser.add_argument('cam', type=Path, help='work dir of configs/demo/cam_…_demo.py')
    args = parser.parse_args()
    stages = [args.quickstart / name for name in ('classifier', 'affinitynet')]
    (classifier, cfg), (net, _) = (load(stage / 'config.py', stage / 'run') for stage in stages)
    plain, _ = load(args.cam / f'{args.cam.name}.py', args.cam)
    val = list(samples(cfg, 'val'))
    draw_mixup(classifier, val, cfg.classes)
    draw_methods(plain, classifier, val)
    draw_walk(classifier, net, val)
    draw_clusters(classifier, list(samples(cfg, 'train')), cfg.classes)


if __name__ == '__main__':
    main()
