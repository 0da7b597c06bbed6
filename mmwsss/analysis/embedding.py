"""t-SNE of a sub-category classifier's weights (Figure 3.6) and of its images' features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from sklearn.manifold import TSNE
from sklearn.metrics.pairwise import cosine_similarity

from mmwsss.engine.hooks import SubCategoryClusteringHook
from mmwsss.engine.sub_categories.checks import training_images
from mmwsss.engine.sub_categories.features import extract_features, feature_loader
from mmwsss.models.classifiers import CAMClassifier
from mmwsss.models.heads import SubCategoryHead
from mmwsss.registry import DATASETS, HOOKS, MODELS

from .loss_gradients import build_classifier

_LEAST_POINTS = 4


@dataclass(frozen=True)
class WeightPoint:
    """A class's weights θ_p, or a sub-category's θ_s, and its place in the plane.

    Attributes:
        name: Of the class.
        subcategory: Its number within the class; None: the class itself.
        x: First coordinate.
        y: Second coordinate.
        images: How many images it has.
        nearest: Class, other than its own, whose weights are the most similar by cosine.
        cosine: That similarity.
        own_cosine: That to its own class; 1 for a class.
        co_occurring_class: Class that most of its images show as well; None if there is none.
        shared_images: Number of those images.
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


@dataclass(frozen=True)
class FeaturePoint:
    """An image's place in the plane; ``subcategories`` are those of its ``classes``."""

    img_id: str
    x: float
    y: float
    classes: tuple[str, ...]
    subcategories: tuple[int, ...]


def load_subcategory_classifier(cfg: Config, checkpoint: str) -> CAMClassifier:
    """The classifier of a checkpoint, in eval mode.

    Raises:
        ValueError: If it has no sub-categories, or not as many as the config.
    """
    _check_sub_classifier(cfg, checkpoint)
    model = build_classifier(cfg, checkpoint).eval()
    if not isinstance(model.head, SubCategoryHead) or model.head.round == 0:
        raise ValueError(
            f'{checkpoint} has no sub-categories: take one of round 1 or later, such as round_3.pth'
        )
    return model


def _check_sub_classifier(cfg: Config, checkpoint: str) -> None:
    """Compare shapes: mmengine only warns of others, and leaves such weights random."""
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    wanted = MODELS.build(cfg.model.head).state_dict().get('sub_classifier.weight')
    stored = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    found = stored.get('state_dict', stored).get('head.sub_classifier.weight')
    if wanted is not None and found is not None and found.shape != wanted.shape:
        raise ValueError(
            f'{checkpoint} has {found.shape[0]} sub-categories of {found.shape[1]} features, the '
            f'config {wanted.shape[0]} of {wanted.shape[1]}: give the config that it was trained '
            'with, or its model.head.num_subcategories'
        )


def embed(rows: np.ndarray, perplexity: float = 30.0, seed: int = 0) -> np.ndarray:
    """t-SNE by cosine distance.

    Args:
        rows: (n, D).
        perplexity: At most a third of the neighbours is taken.
        seed: Of t-SNE.

    Returns:
        np.ndarray: Shape (n, 2), float32.

    Raises:
        ValueError: If there are fewer than 4 rows.
    """
    if len(rows) < _LEAST_POINTS:
        raise ValueError(f't-SNE of {len(rows)} points says nothing: {_LEAST_POINTS} are needed')
    perplexity = min(perplexity, (len(rows) - 1) / 3)
    # Squared distances of directions are those of the cosine, from the start by PCA on.
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return TSNE(perplexity=perplexity, init='pca', random_state=seed).fit_transform(rows)


def embed_weights(
    model: CAMClassifier,
    names: Sequence[str],
    chosen: Sequence[str],
    perplexity: float = 30.0,
    seed: int = 0,
) -> list[WeightPoint]:
    """t-SNE of θ_p of all classes and θ_s of the sub-categories of some.

    Args:
        model: Of :func:`load_subcategory_classifier`.
        names: Of all classes.
        chosen: Names of the classes whose sub-categories are taken; those with images.
        perplexity: See :func:`embed`.
        seed: See :func:`embed`.
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
    nearest = int(np.where(others, cosine, -np.inf).argmax())
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


@dataclass(frozen=True)
class TrainingFeatures:
    """Features of all training images and what is known of them.

    Attributes:
        rows: (N, D) float32.
        img_ids: Of the images.
        table: Sub-category of each image and class, (N, C); -1 where it has not the class.
        names: Of the classes.
    """

    rows: np.ndarray
    img_ids: tuple[str, ...]
    table: np.ndarray
    names: tuple[str, ...]

    def of_class(self, name: str) -> 'TrainingFeatures':
        """Those of a class's images."""
        where = np.flatnonzero(self.table[:, self.names.index(name)] >= 0)
        img_ids = tuple(self.img_ids[i] for i in where)
        return TrainingFeatures(self.rows[where], img_ids, self.table[where], self.names)

    def embed(self, perplexity: float = 30.0, seed: int = 0) -> list[FeaturePoint]:
        """Their t-SNE, see :func:`embed`."""
        points = []
        for img_id, row, (x, y) in zip(
            self.img_ids, self.table, embed(self.rows, perplexity, seed).tolist()
        ):
            labels = np.flatnonzero(row >= 0)
            classes = tuple(self.names[label] for label in labels)
            points.append(FeaturePoint(img_id, x, y, classes, tuple(row[labels].tolist())))
        return points


def training_dataset(cfg: Config, model: CAMClassifier) -> BaseDataset:
    """The training dataset, after a check that the model's sub-categories are of its images.

    Args:
        cfg: With ``train_dataloader``.
        model: Of :func:`load_subcategory_classifier`.

    Raises:
        ValueError: If the checkpoint was trained on other images.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    if not model.head.is_of(*training_images(dataset, model.head.num_classes)):
        raise ValueError(
            'the checkpoint holds the sub-categories of other images than the training dataset '
            'has, or has them in another order: give the config that it was trained with'
        )
    return dataset


def check_classes(model: CAMClassifier, names: Sequence[str], chosen: Sequence[str]) -> None:
    """Refuse classes that there are not, or whose images are too few for t-SNE.

    Args:
        model: Of :func:`load_subcategory_classifier`.
        names: Of all classes.
        chosen: Names to be checked.

    Raises:
        ValueError: Names those classes.
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


def training_features(cfg: Config, model: CAMClassifier, dataset: BaseDataset) -> TrainingFeatures:
    """Features of all training images.

    They are taken as the config's ``SubCategoryClusteringHook`` takes them; sub-categories are
    those that the checkpoint was trained with.

    Args:
        cfg: With ``train_dataloader``.
        model: Of :func:`load_subcategory_classifier`.
        dataset: Of :func:`training_dataset`.
    """
    hook = _clustering_hook(cfg)
    settings = cfg.train_dataloader
    loader = feature_loader(
        dataset, hook.get('pipeline'), settings.batch_size, settings.get('num_workers', 0)
    )
    rows = extract_features(model, loader, hook.get('stage', 'pre_logits'), torch.float32)
    img_ids = tuple(dataset.get_data_info(index)['img_id'] for index in range(len(dataset)))
    table = model.head.assignments.cpu().numpy()
    return TrainingFeatures(rows, img_ids, table, tuple(dataset.metainfo['classes']))


def _clustering_hook(cfg: Config) -> Mapping:
    """Settings of the hook that clusters, wherever they stand; empty where there is none."""
    hooks = [*cfg.get('default_hooks', {}).values(), *(cfg.get('custom_hooks') or [])]
    for hook in filter(None, hooks):
        kind = HOOKS.get(hook['type']) if isinstance(hook['type'], str) else hook['type']
        if isinstance(kind, type) and issubclass(kind, SubCategoryClusteringHook):
            return hook
    return {}
