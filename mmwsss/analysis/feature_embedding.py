"""t-SNE of the features of training images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope

from mmwsss.engine.hooks import SubCategoryClusteringHook
from mmwsss.engine.sub_categories.checks import training_images
from mmwsss.engine.sub_categories.features import extract_features, feature_loader
from mmwsss.models.classifiers import CAMClassifier
from mmwsss.registry import DATASETS, HOOKS

from .embedding import embed


@dataclass(frozen=True)
class FeaturePoint:
    """Place of an image's features in the plane.

    Attributes:
        img_id (str): Id of the image.
        x (float): First coordinate.
        y (float): Second coordinate.
        classes (tuple[str, ...]): Names of the classes that the image shows.
        subcategories (tuple[int, ...]): Sub-category of the image in each of those classes.
    """

    img_id: str
    x: float
    y: float
    classes: tuple[str, ...]
    subcategories: tuple[int, ...]


@dataclass(frozen=True)
class TrainingFeatures:
    """Features and sub-categories of training images.

    Attributes:
        rows (np.ndarray): Features, shape (N, D), float32.
        img_ids (tuple[str, ...]): Id of each image.
        table (np.ndarray): Sub-category of each image and class, shape (N, C); -1 where the image
            does not show the class.
        names (tuple[str, ...]): Name of each class.
    """

    rows: np.ndarray
    img_ids: tuple[str, ...]
    table: np.ndarray
    names: tuple[str, ...]

    def of_class(self, name: str) -> 'TrainingFeatures':
        """Take the images of a class.

        Args:
            name (str): Name of the class.

        Returns:
            TrainingFeatures: Their features and sub-categories.
        """
        where = np.flatnonzero(self.table[:, self.names.index(name)] >= 0)
        img_ids = tuple(self.img_ids[i] for i in where)
        return TrainingFeatures(self.rows[where], img_ids, self.table[where], self.names)

    def embed(self, perplexity: float = 30.0, seed: int = 0) -> list[FeaturePoint]:
        """Place the images by t-SNE.

        Args:
            perplexity (float): See :func:`embed`. Defaults to 30.
            seed (int): See :func:`embed`. Defaults to 0.

        Returns:
            list[FeaturePoint]: Place of each image.
        """
        points = []
        for img_id, row, (x, y) in zip(
            self.img_ids, self.table, embed(self.rows, perplexity, seed).tolist()
        ):
            labels = np.flatnonzero(row >= 0)
            classes = tuple(self.names[label] for label in labels)
            points.append(FeaturePoint(img_id, x, y, classes, tuple(row[labels].tolist())))
        return points


def training_dataset(cfg: Config, model: CAMClassifier) -> BaseDataset:
    """Build the training dataset, and check that the model's sub-categories are of its images.

    Args:
        cfg (Config): Config with ``train_dataloader``.
        model (CAMClassifier): Classifier of :func:`load_subcategory_classifier`.

    Returns:
        BaseDataset: The dataset.

    Raises:
        ValueError: If the checkpoint was trained on other images.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    if not model.head.assignments_belong_to(*training_images(dataset, model.head.num_classes)):
        raise ValueError(
            'the checkpoint holds the sub-categories of other images than the training dataset '
            'has, or has them in another order: give the config that it was trained with'
        )
    return dataset


def training_features(cfg: Config, model: CAMClassifier, dataset: BaseDataset) -> TrainingFeatures:
    """Take the features of all training images.

    They are taken as the config's ``SubCategoryClusteringHook`` takes them; sub-categories are
    those that the checkpoint was trained with.

    Args:
        cfg (Config): Config with ``train_dataloader``.
        model (CAMClassifier): Classifier of :func:`load_subcategory_classifier`.
        dataset (BaseDataset): Dataset of :func:`training_dataset`.

    Returns:
        TrainingFeatures: Features and sub-categories.

    Raises:
        RuntimeError: If this is not the main process.
    """
    hook = _clustering_hook(cfg)
    settings = cfg.train_dataloader
    loader = feature_loader(
        dataset, hook.get('pipeline'), settings.batch_size, settings.get('num_workers', 0)
    )
    rows = extract_features(model, loader, hook.get('stage', 'pre_logits'), torch.float32)
    if rows is None:
        raise RuntimeError('only the main process has the features: start a single process')
    img_ids = tuple(dataset.get_data_info(index)['img_id'] for index in range(len(dataset)))
    table = model.head.assignments.cpu().numpy()
    return TrainingFeatures(rows, img_ids, table, tuple(dataset.metainfo['classes']))


def _clustering_hook(cfg: Config) -> Mapping:
    """Return the settings of the hook that clusters, empty if the config has no such hook."""
    hooks = [*cfg.get('default_hooks', {}).values(), *(cfg.get('custom_hooks') or [])]
    for hook in filter(None, hooks):
        kind = HOOKS.get(hook['type']) if isinstance(hook['type'], str) else hook['type']
        if isinstance(kind, type) and issubclass(kind, SubCategoryClusteringHook):
            return hook
    return {}
