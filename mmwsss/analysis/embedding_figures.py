"""Figures of weights (Figure 3.6) and of features by t-SNE, with the coordinates as CSV."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmwsss.structures.tables import write_csv
from mmwsss.visualization.embedding import PointGroup, draw_embedding
from mmwsss.visualization.figure import category_colors

from .embedding import (
    WeightPoint,
    check_classes,
    embed_weights,
    load_subcategory_classifier,
)
from .feature_embedding import FeaturePoint, training_dataset, training_features

_SEVERAL = '0.35'  # gray of images of several classes


def write_embeddings(
    cfg: Config,
    checkpoint: str,
    chosen: Sequence[str],
    out_dir: Path,
    perplexity: float = 30.0,
    seed: int = 0,
) -> list[Path]:
    """Write ``weights.png`` and, for each chosen class, ``features_<class>.png``; CSV beside each.

    Args:
        cfg (Config): Config that the checkpoint was trained with.
        checkpoint (str): Path of the checkpoint, of round 1 or later.
        chosen (Sequence[str]): Names of the classes to show the sub-categories of.
        out_dir (Path): Folder of the files.
        perplexity (float): Perplexity of t-SNE. Defaults to 30.
        seed (int): Seed of t-SNE. Defaults to 0.

    Returns:
        list[Path]: All files.

    Raises:
        ValueError: If there is no such class, or too few images of it, or no sub-categories of
            these images.
    """
    model = load_subcategory_classifier(cfg, checkpoint)
    dataset = training_dataset(cfg, model)
    names = dataset.metainfo['classes']
    check_classes(model, names, chosen)
    weights = embed_weights(model, names, chosen, perplexity, seed)
    features = training_features(cfg, model, dataset)
    number = int(model.head.round)
    files = [
        draw_weights(weights, out_dir / 'weights.png', number),
        _write_csv(out_dir / 'weights.csv', weights),
    ]
    images = features.embed(perplexity, seed)
    files.append(_write_csv(out_dir / 'features.csv', images))
    for name in chosen:
        own = features.of_class(name).embed(perplexity, seed)
        file = out_dir / f'features_{name}.png'
        files.append(draw_features(images, own, features.names, name, file, number))
        files.append(_write_csv(file.with_suffix('.csv'), own))
    return files


def draw_weights(points: Sequence[WeightPoint], out: Path, number: int) -> Path:
    """Draw the weights of classes and of sub-categories in the plane, as PNG (Figure 3.6).

    Classes are circles, numbered as in the legend. Sub-categories are crosses in the colour of
    their class, with their number within it.

    Args:
        points (Sequence[WeightPoint]): Classes and sub-categories.
        out (Path): Path of the file.
        number (int): Number of the round, for the title.

    Returns:
        Path: The file.
    """
    classes = [one for one in points if one.subcategory is None]
    colors = dict(zip((one.name for one in classes), category_colors(len(classes))))
    groups = {
        f'{index} {one.name}': PointGroup(_places([one]), colors[one.name], 'o', 70, [index])
        for index, one in enumerate(classes, 1)
    }
    for name, color in colors.items():
        own = [one for one in points if one.name == name and one.subcategory is not None]
        if own:
            numbers = [one.subcategory for one in own if one.subcategory is not None]
            groups[f'{name}, sub-categories'] = PointGroup(_places(own), color, 'x', 45, numbers)
    title = f'Weights of classes (circles) and sub-categories (crosses) after round {number}'
    return draw_embedding({title: groups}, out, 8.0)


def draw_features(
    points: Sequence[FeaturePoint],
    own: Sequence[FeaturePoint],
    names: Sequence[str],
    chosen: str,
    out: Path,
    number: int,
) -> Path:
    """Draw features in the plane, as PNG: of all images by class, of one class by sub-category.

    Args:
        points (Sequence[FeaturePoint]): All images.
        own (Sequence[FeaturePoint]): Images of the chosen class, placed without the others.
        names (Sequence[str]): Names of all classes.
        chosen (str): Name of the chosen class.
        out (Path): Path of the file.
        number (int): Number of the round, for the title.

    Returns:
        Path: The file.
    """
    by_class = {
        name: PointGroup(_places(mine), color)
        for name, color in zip(names, category_colors(len(names)))
        if (mine := [one for one in points if one.classes == (name,)])
    }
    several = [one for one in points if len(one.classes) > 1]
    if several:
        by_class['several classes'] = PointGroup(_places(several), _SEVERAL, 'x')
    labels = [dict(zip(one.classes, one.subcategories))[chosen] for one in own]
    used = sorted(set(labels))
    by_subcategory = {}
    for subcategory, color in zip(used, category_colors(len(used))):
        mine = [one for one, label in zip(own, labels) if label == subcategory]
        by_subcategory[f'{chosen} {subcategory}'] = PointGroup(_places(mine), color, size=30)
    panels = {
        f'Features of all images after round {number}, by class': by_class,
        f'of the images of {chosen} alone, by sub-category': by_subcategory,
    }
    return draw_embedding(panels, out)


def _places(points: Sequence[WeightPoint | FeaturePoint]) -> np.ndarray:
    return np.array([(one.x, one.y) for one in points]).reshape(-1, 2)


def _write_csv(file: Path, points: Sequence[WeightPoint | FeaturePoint]) -> Path:
    write_csv(file, [{key: _cell(value) for key, value in asdict(one).items()} for one in points])
    return file


def _cell(value: str | float | tuple | None) -> str | float | None:
    if isinstance(value, tuple):
        return ';'.join(map(str, value))
    return f'{value:.6g}' if isinstance(value, float) else value
