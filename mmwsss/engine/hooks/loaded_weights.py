"""A hook that refuses a checkpoint which does not fit the model or the classes."""

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmwsss.compat.moved_runs import find_last_checkpoint
from mmwsss.compat.weights import load_weights, unwrap_weights
from mmwsss.registry import HOOKS

from ..bare_model import bare_model

_EVERYTHING = ('',)


@HOOKS.register_module()
class LoadedWeightsHook(Hook):
    """Require weights of the checkpoint that a run begins with, resumes from or tests.

    mmengine loads what fits and logs the rest: a checkpoint of another network would leave the
    model random. ``tools/train.py`` adds this hook where a config names ``load_from`` and
    ``tools/test.py`` always does. A run that resumes needs every weight and the same classes.

    Args:
        prefixes (Sequence[str]): Beginnings of names in the model's state dict: these weights must
            be in the checkpoint, in their shapes; ``('',)`` means all weights. Defaults to
            ``('backbone.',)``.
        same_classes (bool): Whether the checkpoint, where it names its classes, must have those of
            the dataset, as a test needs. Defaults to False.
    """

    def __init__(
        self, prefixes: Sequence[str] = ('backbone.',), same_classes: bool = False
    ) -> None:
        self.prefixes = tuple(prefixes)
        self.same_classes = same_classes

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check a checkpoint before mmengine loads it, and take off what is wrapped around weights.

        Args:
            runner (Runner): The run.
            checkpoint (dict): Content of the file; ``state_dict`` is set to the bare weights.

        Raises:
            ValueError: If weights are missing or have other shapes, or classes differ.
        """
        resumes = bool(runner.cfg.get('resume'))
        source = _source(runner)
        if self.same_classes or resumes:
            check_classes(checkpoint, _dataset_classes(runner, resumes), source)
        checkpoint['state_dict'] = unwrap_weights(checkpoint, source)
        left = load_weights(
            bare_model(runner),
            checkpoint['state_dict'],
            source,
            _EVERYTHING if resumes else self.prefixes,
        )
        if left:
            text = '\n'.join([f'{source}: {len(left)} weights were left out:', *left])
            print_log(text, logger='current')


def check_loaded_weights(runner: Runner, checkpoint: dict, prefixes: Sequence[str]) -> None:
    """Check that a checkpoint holds some of the model's weights.

    Args:
        runner (Runner): The run of the model.
        checkpoint (dict): Content of the file.
        prefixes (Sequence[str]): Beginnings of the names of these weights in the model's state
            dict.

    Raises:
        ValueError: If weights are missing or have other shapes, or the model has none of them.
    """
    source = _source(runner)
    load_weights(bare_model(runner), unwrap_weights(checkpoint, source), source, prefixes)


def check_classes(checkpoint: dict, names: Sequence[str] | None, source: str) -> None:
    """Compare the class names that a checkpoint records with those of a dataset.

    Args:
        checkpoint (dict): Content of the file, with ``meta['dataset_meta']`` if mmengine wrote it.
        names (Sequence[str], optional): Class names of the dataset; None where it has none.
        source (str): File or address, for errors.

    Raises:
        ValueError: If both have names and these differ; names the first difference.
    """
    meta = checkpoint.get('meta')
    recorded = (meta.get('dataset_meta') or {}).get('classes') if isinstance(meta, dict) else None
    if not recorded or not names or list(recorded) == list(names):
        return
    if len(recorded) != len(names):
        difference = f'{len(recorded)} classes, the data has {len(names)}'
    else:
        index = next(i for i, (a, b) in enumerate(zip(recorded, names)) if a != b)
        difference = f'class {index} {recorded[index]!r}, the data {names[index]!r}'
    raise ValueError(
        f'{source} has {difference}: give a checkpoint of the same classes in the same order, or '
        'the metainfo that it was trained with'
    )


def _dataset_classes(runner: Runner, resumes: bool) -> Sequence[str] | None:
    loader = runner.train_dataloader if resumes else runner.test_dataloader
    return getattr(loader.dataset, 'metainfo', {}).get('classes')


def _source(runner: Runner) -> str:
    given = runner.cfg.get('load_from')
    return str(given or find_last_checkpoint(runner.work_dir) or 'the checkpoint')
