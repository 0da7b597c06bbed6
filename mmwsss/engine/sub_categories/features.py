"""Features of every training image for the clustering of sub-categories."""

import copy
from collections.abc import Sequence, Sized
from typing import NamedTuple, cast

import numpy as np
import torch
from mmengine.dataset import BaseDataset, Compose
from mmengine.dist import (
    all_gather,
    all_gather_object,
    broadcast,
    get_world_size,
    is_main_process,
)
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmwsss.main_process import raise_together
from mmwsss.models.classifiers import CAMClassifier
from mmwsss.registry import TRANSFORMS

# Rows that the processes exchange at once.
_CHUNK = 1024

# The whole image at its own size, as the published code takes features.
WHOLE_IMAGE = (
    dict(type='mmwsss.LoadImage'),
    dict(type='mmpretrain.PackInputs', meta_keys=('sample_idx', 'img_path', 'num_classes')),
)


def feature_loader(
    dataset: BaseDataset,
    pipeline: Sequence[dict] | None,
    batch_size: int,
    num_workers: int,
    seed: int | None = None,
) -> DataLoader:
    """Build a data loader that yields every training image once, in the dataset's order.

    Each process gets its share of the images.

    Args:
        dataset (BaseDataset): Dataset that the classifier is trained on.
        pipeline (Sequence[dict], optional): Deterministic transforms that the features are taken
            through. None: the whole image at its own size.
        batch_size (int): Number of images in a batch.
        num_workers (int): Number of processes that load images.
        seed (int, optional): Seed of the loading processes. Defaults to None: a random one.

    Returns:
        DataLoader: The loader.

    Raises:
        TypeError: If the training dataset is wrapped.
    """
    return Runner.build_dataloader(
        dict(
            dataset=feature_view(dataset, pipeline),
            sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
            batch_size=batch_size,
            num_workers=num_workers,
        ),
        seed=seed,
    )


def feature_view(dataset: BaseDataset, pipeline: Sequence[dict] | None) -> BaseDataset:
    """Return a shallow copy of the training dataset with another pipeline.

    Args:
        dataset (BaseDataset): Dataset that the classifier is trained on.
        pipeline (Sequence[dict], optional): Transforms of the copy. None: the whole image at its
            own size.

    Returns:
        BaseDataset: The copy, in test mode.

    Raises:
        TypeError: If the training dataset is wrapped, so that its pipeline cannot be replaced.
    """
    if not isinstance(dataset, BaseDataset):
        raise TypeError(
            f'sub-categories need a plain dataset to train on, not {type(dataset).__name__}: put '
            'the images into one split instead of wrapping datasets'
        )
    view = copy.copy(dataset)
    view.pipeline = Compose([TRANSFORMS.build(t) for t in pipeline or WHOLE_IMAGE])
    view.test_mode = True
    return view


class _Share(NamedTuple):
    """Features of one process's share of the images.

    Attributes:
        rows (Tensor): Features, shape (n, D).
        indices (list[int]): Place of each row among the rows of all processes.
        not_finite (list[str]): Files of the images that have features which are not finite.
    """

    rows: Tensor
    indices: list[int]
    not_finite: list[str]


def pair_places(presence: np.ndarray) -> np.ndarray:
    """Number the pairs of an image and a class that it shows, image by image.

    Args:
        presence (np.ndarray): Which classes each image shows, shape (N, C), bool.

    Returns:
        np.ndarray: Number of each pair, from 0, shape (N, C), int64; -1 where the image does not
        show the class.
    """
    numbers = np.cumsum(presence).reshape(presence.shape) - 1
    return np.where(presence, numbers, -1)


def extract_features(
    model: CAMClassifier,
    loader: DataLoader,
    stage: str,
    dtype: torch.dtype,
    places: np.ndarray | None = None,
) -> np.ndarray | None:
    """Take the pooled features of all images, in the dataset's order.

    Every process takes the features of its share, with the main process's buffers: statistics of
    batch normalisation differ between processes, and those of the main process are in the
    checkpoints. The main process then gathers all shares.

    Args:
        model (CAMClassifier): The classifier, put into eval mode and back.
        loader (DataLoader): Loader of :func:`feature_loader`.
        stage (str): Layer of the features, see :meth:`CAMClassifier.pooled_features`.
        dtype (torch.dtype): Type in which features are kept, float16 or float32.
        places (np.ndarray, optional): Result of :func:`pair_places`: features are pooled over the
            map of each class that an image shows, and these are their rows. Defaults to None: one
            row for each image.

    Returns:
        np.ndarray | None: Features of shape (N, D) or, of P pairs, (P, D), on the main process,
        None on the others.

    Raises:
        FloatingPointError: On every process, if features are not finite. Names the images.
        RuntimeError: If another process failed; it raises its own error. Names the error.
    """
    share_buffers(model)
    share, error = _try_extract_share(model, loader, stage, dtype, places)
    # Without this the other processes would wait for the rows of one that failed.
    raise_together(error)
    assert share is not None
    _raise_not_finite(share.not_finite, dtype)
    return gather_rows(share.rows, torch.tensor(share.indices))


def _try_extract_share(
    model: CAMClassifier,
    loader: DataLoader,
    stage: str,
    dtype: torch.dtype,
    places: np.ndarray | None,
) -> tuple[_Share | None, Exception | None]:
    """Return the features of this process's share, or the error that it met."""
    training = model.training
    model.eval()
    try:
        return _extract_share(model, loader, stage, dtype, places), None
    except Exception as error:  # whatever it is: it must reach the other processes
        return None, error
    finally:
        model.train(training)


@torch.no_grad()
def _extract_share(
    model: CAMClassifier,
    loader: DataLoader,
    stage: str,
    dtype: torch.dtype,
    places: np.ndarray | None,
) -> _Share:
    size = len(cast(Sized, loader.sampler))
    if size == 0:
        raise ValueError('there are fewer training images than processes: start fewer processes')
    if places is not None:
        size = int((places[list(loader.sampler)] >= 0).sum())
    rows = torch.empty(0)
    indices: list[int] = []
    not_finite: list[str] = []
    for batch in loader:
        data = model.data_preprocessor(batch, training=False)
        samples = data['data_samples']
        images = [sample.sample_idx for sample in samples]
        paths = [sample.img_path for sample in samples]
        present = None
        if places is not None:
            pairs = torch.from_numpy(places[images])
            present = pairs >= 0
            images = pairs[present].tolist()
            paths = [paths[image] for image in present.nonzero()[:, 0].tolist()]
        part = model.pooled_features(data['inputs'], stage, present).to('cpu', dtype)
        if not indices:
            rows = torch.empty(size, part.shape[1], dtype=dtype)
        rows[len(indices) : len(indices) + len(part)] = part
        indices += images
        finite = part.isfinite().all(1).tolist()
        not_finite += [path for path, fine in zip(paths, finite) if not fine]
    return _Share(rows, indices, not_finite)


def share_buffers(model: nn.Module) -> None:
    """Give every process the main process's buffers, those that are part of checkpoints.

    Args:
        model (nn.Module): The model, changed in place.
    """
    parameters = {name for name, _ in model.named_parameters()}
    for name, value in model.state_dict().items():
        if name not in parameters:
            broadcast(value)


def gather_rows(local: Tensor, indices: Tensor) -> np.ndarray | None:
    """Gather the rows of all processes on the main process and put them in order.

    Args:
        local (Tensor): Rows of this process, shape (n, D).
        indices (Tensor): Place of each row among the rows of all processes, shape (n,), int64.

    Returns:
        np.ndarray | None: Rows of shape (N, D) on the main process, None on the others.
    """
    if get_world_size() == 1:
        return local.numpy()
    counts = torch.cat(all_gather(torch.tensor([len(local)])))
    total, longest = int(counts.sum()), int(counts.max())
    rows = np.empty((total, local.shape[1]), local.numpy().dtype) if is_main_process() else None
    for start in range(0, longest, _CHUNK):
        places = torch.full((_CHUNK,), -1)
        chunk = local.new_zeros(_CHUNK, local.shape[1])
        mine = indices[start : start + _CHUNK]
        places[: len(mine)] = mine
        chunk[: len(mine)] = local[start : start + _CHUNK]
        for where, part in zip(all_gather(places), all_gather(chunk)):
            if rows is not None:
                rows[where[where >= 0].numpy()] = part[where >= 0].numpy()
    return rows


def _raise_not_finite(img_paths: list[str], dtype: torch.dtype) -> None:
    """Raise FloatingPointError on every process if any has an image of features not finite."""
    named = sorted(path for paths in all_gather_object(img_paths) for path in paths)
    if named:
        more = f' and {len(named) - 1} more' if len(named) > 1 else ''
        half = ', or take dtype="float32"' if dtype == torch.float16 else ''
        raise FloatingPointError(
            f'the features of {named[0]}{more} are not finite: check the image and whether '
            f'training diverged (lower the learning rate){half}'
        )
