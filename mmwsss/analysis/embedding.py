"""t-SNE of rows, and of the weights of a classifier with sub-categories (Figure 3.6)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from sklearn.manifold import TSNE
from sklearn.metrics.pairwise import cosine_similarity

from mmwsss.compat.weights import unwrap_weights
from mmwsss.models.classifiers import CAMClassifier
from mmwsss.models.heads import SubCategoryHead
from mmwsss.registry import MODELS

from .loss_gradients import build_classifier

_LEAST_POINTS = 4


@dataclass(frozen=True)
class WeightPoint:
    """Place of the weights θ_p of a class, or θ_s of a sub-category, in the plane.

    Attributes:
        name (str): Name of the class.
        subcategory (int, optional): Number of the sub-category within the class; None for the
            class itself.
        x (float): First coordinate.
        y (float): Second coordinate.
        images (int): Number of its images.
        nearest (str): Other class that has the most similar weights by cosine.
        cosine (float): Cosine similarity to the weights of that class.
        own_cosine (float): Cosine similarity of a sub-category to the weights of its own class; 1
            for a class.
        co_occurring_class (str, optional): Other class that most of its images show as well; None
            if they show no other class.
        shared_images (int): Number of the images that show that class as well.
    """

    name: str
    subcategory: int | None
    x: float
    y: float
    images: int
    nearest: str
    cosine: float
    own_cosine: float
    co_occurring_class: str | None
    shared_images: int


def load_subcategory_classifier(cfg: Config, checkpoint: str) -> CAMClassifier:
    """Load a classifier with sub-categories, in eval mode.

    Args:
        cfg (Config): Config that it was trained with.
        checkpoint (str): Path of the checkpoint, of round 1 or later.

    Returns:
        CAMClassifier: The classifier.

    Raises:
        ValueError: If the checkpoint has no sub-categories, or another number than the config.
    """
    _check_sub_classifier(cfg, checkpoint)
    model = build_classifier(cfg, checkpoint).eval()
    if not isinstance(model.head, SubCategoryHead) or model.head.round == 0:
        raise ValueError(
            f'{checkpoint} has no sub-categories: take one of round 1 or later, such as round_3.pth'
        )
    return model


def _check_sub_classifier(cfg: Config, checkpoint: str) -> None:
    """Raise ValueError if checkpoint and config have other numbers of sub-categories."""
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    if 'head' not in cfg.model:
        raise ValueError(f'{cfg.filename}: its model is no classifier; name the config of one')
    wanted = MODELS.build(cfg.model.head).state_dict().get('sub_classifier.weight')
    stored = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    found = unwrap_weights(stored, checkpoint).get('head.sub_classifier.weight')
    if wanted is not None and found is not None and found.shape != wanted.shape:
        raise ValueError(
            f'{checkpoint} has {found.shape[0]} sub-categories of {found.shape[1]} features, the '
            f'config {wanted.shape[0]} of {wanted.shape[1]}: give the config that it was trained '
            'with, or its model.head.num_subcategories'
        )


def embed(rows: np.ndarray, perplexity: float = 30.0, seed: int = 0) -> np.ndarray:
    """Place rows in the plane by t-SNE of their cosine distances.

    Args:
        rows (np.ndarray): Rows, shape (n, D), not 0.
        perplexity (float): Perplexity of t-SNE; at most (n - 1) / 3 is taken. Defaults to 30.
        seed (int): Seed of t-SNE. Defaults to 0.

    Returns:
        np.ndarray: Coordinates of the rows, shape (n, 2), float32.

    Raises:
        ValueError: If there are fewer than 4 rows.
    """
    if len(rows) < _LEAST_POINTS:
        raise ValueError(f't-SNE of {len(rows)} points says nothing: {_LEAST_POINTS} are needed')
    perplexity = min(perplexity, (len(rows) - 1) / 3)
    # Between rows of length 1 the squared Euclidean distance is twice the cosine distance, for
    # t-SNE as for the PCA that it starts from.
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return TSNE(perplexity=perplexity, init='pca', random_state=seed).fit_transform(rows)


def embed_weights(
    model: CAMClassifier,
    names: Sequence[str],
    chosen: Sequence[str],
    perplexity: float = 30.0,
    seed: int = 0,
) -> list[WeightPoint]:
    """Place the weights of all classes, and of the sub-categories of some, by t-SNE.

    Args:
        model (CAMClassifier): Classifier of :func:`load_subcategory_classifier`.
        names (Sequence[str]): Names of all classes.
        chosen (Sequence[str]): Names of the classes to take the sub-categories of; sub-categories
            without images are left out.
        perplexity (float): See :func:`embed`. Defaults to 30.
        seed (int): See :func:`embed`. Defaults to 0.

    Returns:
        list[WeightPoint]: All classes, then the sub-categories.
    """
    head = model.head
    table = head.assignments.cpu().numpy()
    owners = list(range(len(names)))
    numbers: list[int | None] = [None] * len(names)
    parents = head.classifier.weight.detach().flatten(1).cpu().numpy()
    parts = np.split(
        head.sub_classifier.weight.detach().flatten(1).cpu().numpy(),
        np.cumsum(head.num_subcategories)[:-1],
    )
    weights = [parents]
    for label in (names.index(name) for name in chosen):
        used = np.unique(table[table[:, label] >= 0, label])
        weights.append(parts[label][used])
        owners += [label] * len(used)
        numbers += used.tolist()
    rows = np.concatenate(weights)
    places = embed(rows, perplexity, seed)
    cosines = cosine_similarity(rows, parents)
    return [
        _weight_point(names, table, label, number, place, cosine)
        for label, number, place, cosine in zip(owners, numbers, places, cosines)
    ]


def _weight_point(
    names: Sequence[str],
    table: np.ndarray,
    label: int,
    number: int | None,
    place: np.ndarray,
    cosine: np.ndarray,
) -> WeightPoint:
    images = table[:, label] >= 0 if number is None else table[:, label] == number
    others = np.arange(len(names)) != label
    shared = (table[images] >= 0).sum(0) * others
    nearest = int(np.argmax(np.where(others, cosine, -np.inf)))
    return WeightPoint(
        name=names[label],
        subcategory=number,
        x=float(place[0]),
        y=float(place[1]),
        images=int(images.sum()),
        nearest=names[nearest],
        cosine=float(cosine[nearest]),
        own_cosine=float(cosine[label]),
        co_occurring_class=names[int(shared.argmax())] if shared.any() else None,
        shared_images=int(shared.max(initial=0)),
    )


def check_classes(model: CAMClassifier, names: Sequence[str], chosen: Sequence[str]) -> None:
    """Check that classes exist and have enough images for t-SNE.

    Args:
        model (CAMClassifier): Classifier of :func:`load_subcategory_classifier`.
        names (Sequence[str]): Names of all classes.
        chosen (Sequence[str]): Names of the classes to check.

    Raises:
        ValueError: If there is no such class, or a class has fewer than 4 images. Names it.
    """
    unknown = sorted({*chosen} - {*names})
    if unknown:
        raise ValueError(f'there is no class {", ".join(unknown)}, but {", ".join(names)}')
    images = dict(zip(names, (model.head.assignments >= 0).sum(0).tolist()))
    few = [f'{name} ({images[name]})' for name in chosen if images[name] < _LEAST_POINTS]
    if few:
        raise ValueError(
            f't-SNE needs {_LEAST_POINTS} images of a class, more than of {", ".join(few)}: name '
            'others with --classes'
        )
