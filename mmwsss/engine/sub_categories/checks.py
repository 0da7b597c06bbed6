"""Checks of SubCategoryClusteringHook, made before anything is trained."""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.hooks import EMAHook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmwsss.models.classifiers import CAMClassifier
from mmwsss.models.heads import SubCategoryHead

from ..bare_model import bare_model
from .features import feature_view


def check_settings(
    rounds: int,
    epochs: Sequence[int] | None,
    seed: int,
    stage: str,
    dtype: str,
    processes: int | None,
    pooling: str = 'image',
) -> None:
    """Check the arguments of SubCategoryClusteringHook, which explains them.

    Args:
        rounds (int): Number of rounds after round 0.
        epochs (Sequence[int], optional): Number of epochs of each round.
        seed (int): Seed of the clustering.
        stage (str): Layer of the features.
        dtype (str): Type in which features are kept.
        processes (int, optional): Number of processes that cluster.
        pooling (str): What features are averaged over. Defaults to 'image'.

    Raises:
        ValueError: If an argument has an impossible value.
    """
    if dtype not in ('float16', 'float32'):
        raise ValueError(f"dtype must be 'float16' or 'float32', not {dtype!r}")
    if stage not in ('pre_logits', 'backbone'):
        raise ValueError(f"stage must be 'pre_logits' or 'backbone', not {stage!r}")
    if pooling not in ('image', 'class'):
        raise ValueError(f"pooling must be 'image' or 'class', not {pooling!r}")
    if not isinstance(rounds, int) or rounds < 0:
        raise ValueError(f'rounds must be 0 or more, not {rounds}: those after round 0')
    if epochs is not None and not _are_epochs(epochs, rounds):
        raise ValueError(
            f'epochs must be of rounds 0 to {rounds}, at least 1 in each but the first, not '
            f'{epochs}'
        )
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f'seed must be a whole number from 0 to 4294967295, not {seed}')
    if processes is not None and (not isinstance(processes, int) or processes < 1):
        raise ValueError(f'processes must be 1 or more, or None: all cores; not {processes}')


def _are_epochs(epochs: Sequence[int], rounds: int) -> bool:
    least = [0] + [1] * rounds
    return len(epochs) == len(least) and all(
        isinstance(count, int) and count >= one for count, one in zip(epochs, least)
    )


def require_model(runner: Runner) -> CAMClassifier:
    """Return the model of a run, without its wrapper.

    Args:
        runner (Runner): The run.

    Returns:
        CAMClassifier: The model.

    Raises:
        TypeError: If it is of another class.
    """
    model = bare_model(runner)
    if not isinstance(model, CAMClassifier):
        raise TypeError(
            f'SubCategoryClusteringHook trains no {type(model).__name__}: set model.type to '
            'CAMClassifier'
        )
    return model


def require_head(runner: Runner) -> SubCategoryHead:
    """Return the head of a run's model.

    Args:
        runner (Runner): The run.

    Returns:
        SubCategoryHead: The head.

    Raises:
        TypeError: If it has no sub-categories, or the model is of another class.
    """
    head = require_model(runner).head
    if not isinstance(head, SubCategoryHead):
        raise TypeError(
            'SubCategoryClusteringHook needs a head with sub-categories, not '
            f'{type(head).__name__}: set model.head.type to SubCategoryHead'
        )
    return head


def check_run(runner: Runner) -> None:
    """Check that the train loop and the other hooks go with rounds.

    Args:
        runner (Runner): The run.

    Raises:
        ValueError: If the train loop counts no epochs, or an average of the weights is kept.
    """
    if not isinstance(runner.train_loop, EpochBasedTrainLoop):
        raise ValueError(
            f'SubCategoryClusteringHook counts epochs, which {type(runner.train_loop).__name__} '
            'does not have: set train_cfg.type to EpochBasedTrainLoop'
        )
    if any(isinstance(hook, EMAHook) for hook in runner.hooks):
        raise ValueError(
            'EMAHook cannot average over rounds that start anew with other sub-categories: take it '
            'out of custom_hooks, or train without SubCategoryClusteringHook'
        )


def check_view(dataset: BaseDataset, pipeline: Sequence[dict] | None) -> None:
    """Run the first image through the pipeline of the features, and check what it packs.

    Args:
        dataset (BaseDataset): Dataset to train on.
        pipeline (Sequence[dict], optional): Transforms that features are taken through. None: the
            whole image at its own size.

    Raises:
        TypeError: If the training dataset is wrapped.
        ValueError: If the pipeline does not pack what features need.
    """
    packed = feature_view(dataset, pipeline)[0]
    sample = packed.get('data_samples', ()) if isinstance(packed, dict) else ()
    missing = [key for key in ('sample_idx', 'img_path') if key not in sample]
    if missing:
        raise ValueError(
            f'the pipeline of SubCategoryClusteringHook does not pack {" and ".join(missing)}: let '
            "it end with PackInputs and meta_keys=('sample_idx', 'img_path', 'num_classes')"
        )


def training_images(dataset: BaseDataset, num_classes: int) -> tuple[list[str], np.ndarray]:
    """List the images of a dataset and the classes that they show.

    Args:
        dataset (BaseDataset): Dataset of image-level labels.
        num_classes (int): Number C of classes.

    Returns:
        tuple[list[str], np.ndarray]: ``img_id`` of each image, and which classes each image shows,
        shape (N, C), bool.
    """
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    presence = np.zeros((len(infos), num_classes), bool)
    for row, info in zip(presence, infos):
        row[info['gt_label']] = True
    return [info['img_id'] for info in infos], presence


def check_images(head: SubCategoryHead, dataset: BaseDataset) -> None:
    """Check that the sub-categories of a head belong to the images of a dataset.

    Args:
        head (SubCategoryHead): The head, with the sub-categories of a checkpoint.
        dataset (BaseDataset): Dataset to train on.

    Raises:
        ValueError: If the dataset has other images, or has them in another order.
    """
    if not head.assignments_belong_to(*training_images(dataset, head.num_classes)):
        raise ValueError(
            'the resumed checkpoint holds the sub-categories of other images than the training '
            'dataset has, or has them in another order: resume with the data that it was trained on'
        )


def check_resumed(
    head: SubCategoryHead, dataset: BaseDataset, epoch: int, starts: Sequence[int]
) -> None:
    """Check that a resumed head holds the sub-categories that belong to its epoch.

    Args:
        head (SubCategoryHead): The head, with the sub-categories of a checkpoint.
        dataset (BaseDataset): Dataset to train on.
        epoch (int): Epoch that the run goes on with.
        starts (Sequence[int]): First epoch of each round, and the epoch after the last one.

    Raises:
        ValueError: If the sub-categories are of another round, or of other images.
    """
    number = bisect_right(starts, epoch) - 1
    expected = number - (epoch == starts[number])
    if number < len(starts) - 1 and head.round not in (expected, number):
        raise ValueError(
            f'the resumed checkpoint holds the sub-categories of round {int(head.round)}, but '
            f'epoch {epoch} is of round {number}: was it trained with other rounds?'
        )
    if head.round > 0:
        check_images(head, dataset)
