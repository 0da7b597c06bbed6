"""A hook that refuses a checkpoint which training cannot start from."""

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.registry import HOOKS

from ..bare_model import bare_model


@HOOKS.register_module()
class LoadedWeightsHook(Hook):
    """Require weights of what ``load_from`` names; without ``load_from`` nothing is required.

    mmengine loads what fits and logs the rest: a checkpoint of another network would leave the
    model as it was.

    Args:
        prefixes (Sequence[str]): The model's weights whose names begin with one of them must be
            in the checkpoint, in their shapes.
    """

    def __init__(self, prefixes: Sequence[str]) -> None:
        self.prefixes = tuple(prefixes)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check a checkpoint of ``load_from``; one that a run resumes from is its own.

        Raises:
            ValueError: If weights are missing.
        """
        if not runner.cfg.get('resume'):
            check_loaded_weights(runner, checkpoint, self.prefixes)


def check_loaded_weights(runner: Runner, checkpoint: dict, prefixes: Sequence[str]) -> None:
    """Check that a checkpoint holds the model's weights whose names begin with a prefix.

    Args:
        runner: Of the model.
        checkpoint: As loaded, with the weights below ``state_dict`` or bare.
        prefixes: Of names in the model's state dict.

    Raises:
        ValueError: If weights are missing or have other shapes, or the model has none of them.
    """
    model = bare_model(runner)
    wanted = {
        name: tuple(value.shape)
        for name, value in model.state_dict().items()
        if name.startswith(tuple(prefixes))
    }
    if not wanted:
        raise ValueError(f'{type(model).__name__} has no weights of names {", ".join(prefixes)}…')
    # As mmengine: a wrapped model's weights fit the bare one.
    given = {
        name.removeprefix('module.'): tuple(getattr(value, 'shape', ()))
        for name, value in checkpoint.get('state_dict', checkpoint).items()
    }
    missing = [name for name, shape in wanted.items() if given.get(name) != shape]
    if missing:
        found = given.get(missing[0])
        shape = f' of shape {wanted[missing[0]]}' + (f', not {found}' if found is not None else '')
        raise ValueError(
            f'{runner.cfg.get("load_from") or "the checkpoint"} lacks {len(missing)} of '
            f'{len(wanted)} weights that training goes on from, such as {missing[0]}{shape}: take '
            'a checkpoint of the same network and settings'
        )
