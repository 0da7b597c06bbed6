"""A model of a config and a checkpoint, ready to predict."""

import os
from pathlib import Path

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import BaseModel
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import CheckpointLoader

from mmwsss.cli.config import find_run_config, read_config
from mmwsss.compat.moved_runs import find_last_checkpoint
from mmwsss.compat.weights import load_weights, unwrap_weights
from mmwsss.masks.make import SEGMENTOR, SEGMENTOR_CONFIG
from mmwsss.structures import DataError


def find_model(
    model: str | os.PathLike | Config, weights: str | os.PathLike | None = None
) -> tuple[Config, str]:
    """Find config and checkpoint of a model.

    Args:
        model (str | os.PathLike | Config): A config or its file, or a folder: of ``mmwsss masks``,
            or the work directory of a training.
        weights (str | os.PathLike, optional): Checkpoint file. Defaults to None: that of the
            folder, of a training the last one.

    Returns:
        tuple[Config, str]: The config, and the checkpoint file.

    Raises:
        FileNotFoundError: If there is no such config or checkpoint.
        ValueError: If the folder has not exactly one config.
    """
    checkpoint = None if weights is None else os.fspath(weights)
    if isinstance(model, Config):
        cfg, folder = model, None
    else:
        folder = Path(model) if os.path.isdir(model) else None
        cfg = read_config(os.fspath(model) if folder is None else _config_of(folder))
    if checkpoint is None and folder is not None:
        own = folder / SEGMENTOR
        checkpoint = str(own) if own.is_file() else find_last_checkpoint(str(folder))
    if checkpoint is None:
        raise FileNotFoundError(
            f'{folder or cfg.filename or "the config"}: no checkpoint; name one, since a model '
            'without trained weights predicts at random'
        )
    return cfg, checkpoint


def init_model(
    config: str | os.PathLike | Config,
    checkpoint: str | os.PathLike | None = None,
    device: str | None = None,
) -> BaseModel:
    """Build a classifier or a segmentor with trained weights, ready to predict.

    Args:
        config (str | os.PathLike | Config): See :func:`find_model`.
        checkpoint (str | os.PathLike, optional): See :func:`find_model`.
        device (str, optional): Device such as 'cpu' or 'cuda:0'. Defaults to None: an accelerator
            if there is one.

    Returns:
        BaseModel: The model in evaluation mode, with its config as ``cfg`` and the names and
        colours of its classes as ``dataset_meta``.

    Raises:
        FileNotFoundError: If there is no such config or checkpoint.
        ValueError: If the checkpoint is damaged, lacks weights of the model, or names other
            classes than the model has outputs.
    """
    cfg, source = find_model(config, checkpoint)
    if 'model' not in cfg:
        raise ValueError(
            f'{cfg.filename}: has no model (a pipeline?); name the config of a classifier or of a '
            'segmentor'
        )
    stored = CheckpointLoader.load_checkpoint(source, map_location='cpu', logger='silent')
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmwsss')):
        model = MODELS.build(cfg.model)
    load_weights(model, unwrap_weights(stored, source), source)
    model.cfg = cfg
    model.dataset_meta = _dataset_meta(stored, cfg, model, source)
    return model.to(device or get_device()).eval()


def _config_of(folder: Path) -> str:
    own = folder / SEGMENTOR_CONFIG
    return str(own if own.is_file() else find_run_config(folder))


def _dataset_meta(stored: dict, cfg: Config, model: BaseModel, source: str) -> dict:
    """Return names and colours of the classes: those of the checkpoint, or else of the config."""
    meta = stored.get('meta')
    recorded = (meta.get('dataset_meta') if isinstance(meta, dict) else None) or {}
    outputs = _outputs(model)
    names = recorded.get('classes') or _configured(cfg, outputs)
    if names is None:
        raise ValueError(
            f'{source}: names no classes; set test_dataloader.dataset.metainfo.classes in the '
            'config'
        )
    if len(names) != outputs:
        raise ValueError(
            f'{source}: names {len(names)} classes, but the model has {outputs}; take the config '
            'that it was trained with'
        )
    return {**recorded, 'classes': tuple(names)}


def _outputs(model: BaseModel) -> int:
    head = getattr(model, 'decode_head', None) or getattr(model, 'head', None)
    count = getattr(head, 'num_classes', None)
    if not isinstance(count, int):
        raise DataError(
            f'{type(model).__name__}: neither a classifier nor a segmentor; give the config of one'
        )
    return count


def _configured(cfg: Config, outputs: int) -> list[str] | None:
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    names = (dataset.get('metainfo') or {}).get('classes')
    if names is None:
        return None
    # A segmentor has background too, which datasets of this package add themselves.
    return ['background', *names] if len(names) + 1 == outputs else list(names)
