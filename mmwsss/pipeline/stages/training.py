"""The stage that trains a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from os.path import expanduser, isfile
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmwsss.compat.moved_runs import find_last_checkpoint
from mmwsss.structures.fingerprints import local_weights

from ..records import StageRecord
from .base import Stage


@dataclass(frozen=True, kw_only=True)
class TrainStage(Stage):
    """Trains by ``tools/train.py``; its output is the last checkpoint."""

    tool = 'train'
    script = 'train.py'
    section = 'train_dataloader'
    # What mmengine's runners and the hooks of this package read to train. Logging is left out.
    reads = (
        'activation_checkpointing', 'auto_scale_lr', 'compile', 'custom_hooks', 'custom_imports',
        'data_preprocessor', 'default_hooks', 'default_scope', 'efficient_conv_bn_eval', 'env_cfg',
        'find_unused_parameters', 'load_from', 'model', 'model_wrapper_cfg', 'optim_wrapper',
        'param_scheduler', 'randomness', 'runner_type', 'strategy', 'sync_bn', 'train_cfg',
        'train_dataloader',
    )  # fmt: skip
    makes_images = False

    def settings(self, cfg: Config) -> dict[str, Any]:
        """See :meth:`Stage.settings`; how the model is tested changes no weights."""
        settings = super().settings(cfg)
        if settings['model']:
            settings['model'].pop('test_cfg', None)
        return settings

    def initial_weights(self, cfg: Config) -> list[str]:
        """See :meth:`Stage.initial_weights`; here the model's own count as well."""
        return local_weights(self.settings(self._with_inputs_named(cfg)))

    def datasets(self, cfg: Config) -> list[Mapping]:
        """See :meth:`Stage.datasets`."""
        return [cfg.train_dataloader.dataset]

    def check_settings(self, cfg: Config, processes: int) -> None:
        """See :meth:`Stage.check_settings`.

        Initial weights must be there, and the processes must be able to share a batch.
        """
        for path in self.initial_weights(cfg):
            if path and not isfile(expanduser(path)):
                raise FileNotFoundError(
                    f'stage {self.name!r}: there is no file {path}, which its config names for '
                    'weights; docs/backbones.md and docs/segmentation.md tell where weights come '
                    'from'
                )
        _share_batch(cfg, processes)

    def complete_config(self, cfg: Config, folder: Path, seed: int, processes: int) -> None:
        """See :meth:`Stage.complete_config`; switches off validation, and divides the batch."""
        cfg.merge_from_dict({'randomness.seed': seed})
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        _share_batch(cfg, processes)

    def arguments(self, folder: Path, done: Mapping[str, StageRecord]) -> list[str]:
        """See :meth:`Stage.arguments`."""
        return [*super().arguments(folder, done), '--resume']

    def output(self, folder: Path, cfg: Config) -> tuple[str, str]:
        """See :meth:`Stage.output`.

        Raises:
            FileNotFoundError: If no checkpoint was saved.
        """
        checkpoint = find_last_checkpoint(str(folder / 'run'))
        if checkpoint is None:
            raise FileNotFoundError(
                f'stage {self.name!r}: {folder / "run"} has no checkpoint; let '
                'default_hooks.checkpoint of its config save one'
            )
        return checkpoint, 'checkpoint'


def _share_batch(cfg: Config, processes: int) -> None:
    """Divide the config's batch among processes.

    Args:
        cfg (Config): Config of a training, changed in place.
        processes (int): Processes that train it.

    Raises:
        ValueError: If the batch cannot be divided evenly.
    """
    if processes == 1:
        return
    batch = cfg.train_dataloader.batch_size
    if batch % processes:
        raise ValueError(
            f'a batch of {batch} images cannot be divided among {processes} processes; take '
            'another number of --gpus, or another train_dataloader.batch_size'
        )
    cfg.train_dataloader.batch_size = batch // processes
