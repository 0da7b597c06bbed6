"""Weights that do not fit a model are refused.

Condition: any weights. mmengine loads what fits and logs the rest, so that weights of another
network, of another number of classes or in a wrapper that it does not know leave a random model,
which then trains or predicts as if nothing were wrong.

Remedy: one function loads weights and raises where they lack what is needed; one initialiser takes
the place of mmengine's ``Pretrained``. The usual wrappers around the weights are taken off.
"""

import re
from collections.abc import Mapping, Sequence

from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, update_init_info
from mmengine.model.weight_init import PretrainedInit
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

WRAPPERS = ('state_dict', 'model', 'state_dict_ema', 'model_ema')
_MISMATCH = re.compile(
    r'size mismatch for (\S+): .*? torch\.Size\((\[[\d, ]*\])\) from checkpoint, .*? '
    r'torch\.Size\((\[[\d, ]*\])\)'
)


def unwrap_weights(checkpoint: Mapping, source: str) -> dict[str, Tensor]:
    """Return the weights of a checkpoint without what is wrapped around them.

    Args:
        checkpoint (Mapping): Weights by name, bare or below one or several of :data:`WRAPPERS`, the
            first of them where there are several. A prefix ``module.`` of names is dropped.
        source (str): File or address, for errors.

    Returns:
        dict[str, Tensor]: Weights by name.

    Raises:
        ValueError: If there are no weights.
    """
    weights: object = checkpoint
    while isinstance(weights, Mapping):
        inner = [weights[key] for key in WRAPPERS if isinstance(weights.get(key), Mapping)]
        if not inner:
            break
        weights = inner[0]
    named = weights.items() if isinstance(weights, Mapping) else ()
    tensors = {str(name).removeprefix('module.'): x for name, x in named if isinstance(x, Tensor)}
    if not tensors:
        raise ValueError(
            f'{source}: holds no weights; give a state dict, bare or below one of '
            f'{", ".join(WRAPPERS)}'
        )
    return tensors


def load_weights(
    model: nn.Module, weights: Mapping[str, Tensor], source: str, needed: Sequence[str] = ('',)
) -> list[str]:
    """Load weights into a model, all that are needed.

    Counters of batch normalisation (``num_batches_tracked``) may lack.

    Args:
        model (nn.Module): Changed in place; one of test-time augmentation receives them in the
            model that it wraps.
        weights (Mapping[str, Tensor]): Weights by name, see :func:`unwrap_weights`.
        source (str): File or address, for errors.
        needed (Sequence[str]): Beginnings of the names of the model's weights that must be there,
            in their shapes. Defaults to all.

    Returns:
        list[str]: What was left out, a line each: weights that the model has and ``weights`` lacks,
        weights that only ``weights`` has, and those of other shapes.

    Raises:
        ValueError: If needed weights lack or have other shapes, weights are whole or complex
            numbers where the model has real ones, or the model has none of that name.
    """
    model = _tested_model(model)
    beginnings = tuple(needed)
    wanted = [name for name in model.state_dict() if name.startswith(beginnings)]
    if not wanted:
        raise ValueError(f'{type(model).__name__} has no weights of names {", ".join(beginnings)}…')
    _refuse_other_numbers(model, weights, source)
    # Hooks of modules change what they are given.
    given = dict(weights)
    shapes: dict[str, str] = {}
    try:
        missing, unexpected = model.load_state_dict(dict(given), strict=False)
    except RuntimeError as error:
        found = {name: (_shape(a), _shape(b)) for name, a, b in _MISMATCH.findall(str(error))}
        if not found:
            raise ValueError(f'{source}: {" ".join(str(error).split())}') from error
        shapes = {name: f' of shape {model_s}, not {s}' for name, (s, model_s) in found.items()}
        given = {name: x for name, x in given.items() if name not in shapes}
        missing, unexpected = model.load_state_dict(given, strict=False)
    lacking = [
        name
        for name in missing
        if name.startswith(beginnings) and not name.endswith('num_batches_tracked')
    ]
    if lacking:
        example = next((name for name in lacking if name in shapes), lacking[0])
        raise ValueError(
            f'{source} lacks {len(lacking)} of {len(wanted)} weights of the {type(model).__name__},'
            f' such as {example}{shapes.get(example, "")}: give weights of the same network with '
            'the same settings and classes'
        )
    lines = [f'{name}{shapes[name]}' for name in missing if name in shapes]
    lines += [f'{name}: only the model has it' for name in missing if name not in shapes]
    return lines + [f'{name}: only the file has it' for name in unexpected]


def _refuse_other_numbers(model: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Refuse what PyTorch would convert and so change: imaginary parts, quantised weights."""
    state = model.state_dict()
    wrong = [
        name
        for name, x in weights.items()
        if name in state
        and _numbers(x) != _numbers(state[name])
        and not name.endswith('num_batches_tracked')
    ]
    if wrong:
        name = wrong[0]
        raise ValueError(
            f'{source}: {len(wrong)} weights hold other numbers than those of the '
            f'{type(model).__name__}, such as {name} of {weights[name].dtype}, not '
            f'{state[name].dtype}: give weights that were not quantised or converted'
        )


def _numbers(values: Tensor) -> str:
    if values.is_complex():
        return 'complex'
    return 'real' if values.is_floating_point() else 'whole'


def load_whole_checkpoint(model: nn.Module, checkpoint: str) -> None:
    """Load a checkpoint that must hold all weights of a model.

    Args:
        model (nn.Module): Changed in place.
        checkpoint (str): File or address.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or of another network.
    """
    stored = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu', logger='silent')
    load_weights(model, unwrap_weights(stored, checkpoint), checkpoint)


def _tested_model(model: nn.Module) -> nn.Module:
    return model.module if isinstance(model, BaseTTAModel) else model


def _shape(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r'\d+', text))


def refuse_pretrained_misfits() -> None:
    """Let ``init_cfg=dict(type='Pretrained', …)`` require every weight, or of a model its backbone.

    What the file has beside them is logged.
    """
    WEIGHT_INITIALIZERS.register_module(name='Pretrained', module=WholePretrainedInit, force=True)


class WholePretrainedInit(PretrainedInit):
    """Initialise a module with weights that must fit, see :class:`PretrainedInit`."""

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into a module.

        Args:
            module (nn.Module): Its backbone, if it has one, else all of it must be in the file.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If weights lack or have other shapes.
        """
        print_log(f'load model from: {self.checkpoint}', logger='current')
        stored = CheckpointLoader.load_checkpoint(self.checkpoint, map_location=self.map_location)
        weights = unwrap_weights(stored, self.checkpoint)
        if self.prefix is not None:
            weights = self._below_prefix(weights)
        needed = (
            ('backbone.',) if isinstance(getattr(module, 'backbone', None), nn.Module) else ('',)
        )
        try:
            left = load_weights(module, weights, self.checkpoint, needed)
        except ValueError as error:
            raise ValueError(f'{error}{self._hint(weights)}') from error
        if left:
            print_log(
                f'{self.checkpoint}: {len(left)} weights were left out:\n' + '\n'.join(left),
                logger='current',
            )
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())

    def _below_prefix(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        prefix = self.prefix if self.prefix.endswith('.') else f'{self.prefix}.'
        below = {
            name.removeprefix(prefix): x for name, x in weights.items() if name.startswith(prefix)
        }
        if not below:
            raise ValueError(
                f'{self.checkpoint}: no weight has the prefix {prefix!r}, the first is '
                f'{next(iter(weights))!r}: correct prefix in init_cfg'
            )
        return below

    def _hint(self, weights: Mapping[str, Tensor]) -> str:
        if self.prefix is None and any(name.startswith('backbone.') for name in weights):
            return "; its weights are those of a whole model: add prefix='backbone.' to init_cfg"
        return ''
