"""Features of every training image for the clustering of sub-categories."""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.dataset import BaseDataset, Compose
from mmengine.dist import (
    all_gather,
    all_gather_object,
    broadcast,
    broadcast_object_list,
    get_world_size,
    is_main_process,
)
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmwsss.models.classifiers import CAMClassifier
from mmwsss.registry import TRANSFORMS

# Rows that one exchange between processes carries.
_CHUNK = 1024

# The whole image at its own size, as the published code looks at it.
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
    """The training dataset, in order, through a deterministic pipeline; each process its share.

    Args:
        dataset: To train on.
        pipeline: Transforms; None: the whole image at its own size.
        batch_size: Images at a time.
        num_workers: Loading processes.
        seed: Of the loading processes.

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
    """The training dataset through another pipeline; None: the whole image at its own size.

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


@torch.no_grad()
def extract_features(
    model: CAMClassifier, loader: DataLoader, stage: str, dtype: torch.dtype
) -> np.ndarray | None:
    """Pooled features of all images in the dataset's order.

    A process holds its share, the main process the whole as well (with one process: just the
    whole), in ``dtype``. Every process takes the main one's buffers first: statistics of batch
    normalisation differ between processes, and those of the main one are in the checkpoints.

    Args:
        model: The classifier, put into eval mode and back.
        loader: Of :func:`feature_loader`.
        stage: See :meth:`CAMClassifier.pooled_features`.
        dtype: Of the features that are kept, float16 or float32.

    Returns:
        np.ndarray | None: Shape (N, D) on the main process, None on the others.

    Raises:
        FloatingPointError: On every process, if features are not finite; names the images.
    """
    share_buffers(model)
    training = model.training
    model.eval()
    features, indices, faults = None, [], []
    for batch in loader:
        data = model.data_preprocessor(batch, training=False)
        rows = model.pooled_features(data['inputs'], stage).to('cpu', dtype)
        if features is None:
            features = torch.empty(len(loader.sampler), rows.shape[1], dtype=dtype)
        features[len(indices) : len(indices) + len(rows)] = rows
        samples = data['data_samples']
        indices += [sample.sample_idx for sample in samples]
        finite = rows.isfinite().all(1).tolist()
        faults += [s.img_path for s, fine in zip(samples, finite) if not fine]
    model.train(training)
    _raise_faults(faults, dtype)
    return gather_rows(features, torch.tensor(indices), len(loader.dataset))


def share_buffers(model: nn.Module) -> None:
    """Give every process the main one's buffers, of those that are part of checkpoints."""
    parameters = {name for name, _ in model.named_parameters()}
    for name, value in model.state_dict().items():
        if name not in parameters:
            broadcast(value)


def raise_everywhere(fault: Exception | None) -> None:
    """Raise what the main process met, there and on the others, which would wait for it.

    Raises:
        RuntimeError: On the others, with its message.
    """
    message = [fault and f'{type(fault).__name__}: {fault}']
    broadcast_object_list(message)
    if fault is not None:
        raise fault
    if message[0]:
        raise RuntimeError(f'the main process failed: {message[0]}')


def gather_rows(local: Tensor, indices: Tensor, total: int) -> np.ndarray | None:
    """Rows of all processes in order, on the main process; None on the others.

    Args:
        local: Rows of this process, shape (n, D).
        indices: Their places, shape (n,), int64.
        total: Rows of all processes.
    """
    if get_world_size() == 1:
        return local.numpy()
    longest = int(torch.cat(all_gather(torch.tensor([len(local)]))).max())
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


def _raise_faults(faults: list[str], dtype: torch.dtype) -> None:
    named = sorted(name for names in all_gather_object(faults) for name in names)
    if named:
        more = f' and {len(named) - 1} more' if len(named) > 1 else ''
        half = ', or take dtype="float32"' if dtype == torch.float16 else ''
        raise FloatingPointError(
            f'the features of {named[0]}{more} are not finite: check the image and whether '
            f'training diverged (lower the learning rate){half}'
        )
