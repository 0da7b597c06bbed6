"""Mixup of feature maps instead of images (manifold mixup, Verma et al. 2019)."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
import torch
from mmpretrain.models.utils.batch_augments import Mixup
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmwsss.registry import BATCH_AUGMENTS

from .mixing import Mix

INPUT = 'input'
"""Name of the images themselves among the layers."""


class FeatureMix(NamedTuple):
    """How the feature maps of a batch are mixed.

    Attributes:
        layer (str): Name of the submodule of the model whose output is mixed.
        mix (Mix): The share and the other images, by which labels are mixed, too.
    """

    layer: str
    mix: Mix


class UnmixedImages(NamedTuple):
    """Images of a batch whose labels are mixed and whose feature maps are going to be.

    Attributes:
        images (Tensor): Shape (N, 3, H, W).
        feature_mix (FeatureMix): How.
    """

    images: Tensor
    feature_mix: FeatureMix


@BATCH_AUGMENTS.register_module()
class ManifoldMixup(Mixup):
    r"""Mixup (2.2) of feature maps: the output of a layer in place of the images.

    One λ and one permutation are drawn for a batch, and one of the layers. The labels are mixed as
    mmpretrain's ``Mixup`` mixes them, at once; the output of the layer when :class:`CAMClassifier`
    computes the losses of the batch, see :func:`mixed_features`. Only this classifier can.

    Args:
        alpha (float): α of the distribution Beta(α, α) of λ.
        layers (Sequence[str]): Names of submodules of the model, such as 'backbone.layers.3' of
            EfficientNet-Lite, 'backbone.layer2' of ResNet or 'backbone.b4_5' of ResNet-38, or
            'input', the images. With one there is nothing to draw. Defaults to ('input',), which
            is mmpretrain's ``Mixup``.

    Raises:
        ValueError: If no layer is named.
    """

    def __init__(self, alpha: float, layers: Sequence[str] = (INPUT,)) -> None:
        super().__init__(alpha)
        if isinstance(layers, str) or not layers:
            raise ValueError(f'ManifoldMixup: layers must be a list of names, not {layers!r}')
        self.layers = tuple(layers)

    def mix(
        self, batch_inputs: Tensor, batch_scores: Tensor
    ) -> tuple[Tensor | UnmixedImages, Tensor]:
        """Mix the labels of a batch, and the images if they are the layer that is drawn.

        Args:
            batch_inputs (Tensor): Images, shape (N, 3, H, W).
            batch_scores (Tensor): Labels, shape (N, C), float.

        Returns:
            tuple[Tensor | UnmixedImages, Tensor]: Images and labels, of the same shapes.
        """
        index = np.random.randint(len(self.layers)) if len(self.layers) > 1 else 0
        layer, mix = self.layers[index], Mix.draw(self.alpha, len(batch_inputs))
        if layer == INPUT:
            return mix(batch_inputs), mix(batch_scores)
        return UnmixedImages(batch_inputs, FeatureMix(layer, mix)), mix(batch_scores)


@contextmanager
def mixed_features(model: nn.Module, data_samples: Sequence[DataSample]) -> Iterator[None]:
    """Mix the output of a layer where the samples of a batch say so.

    Args:
        model (nn.Module): The model.
        data_samples (Sequence[DataSample]): The samples of a batch; the first has ``feature_mix``,
            a :class:`FeatureMix`, if features are mixed.

    Yields:
        None: Within the block the layer returns its feature maps mixed. Afterwards the model is as
        it was.

    Raises:
        ValueError: If the model has no such layer.
        RuntimeError: If the layer did not run once, or runs in a part of the network that is
            computed again in the backward pass, where nothing would be mixed.
    """
    feature_mix: FeatureMix | None = data_samples[0].get('feature_mix')
    if feature_mix is None:
        yield
        return
    name, mix = feature_mix
    with_gradient, runs = torch.is_grad_enabled(), 0

    def mix_output(module: nn.Module, args: tuple, output: Any) -> Any:
        nonlocal runs
        runs += 1
        if torch.is_grad_enabled() != with_gradient:
            raise RuntimeError(
                f'ManifoldMixup: {name} is computed again in the backward pass; name the layer '
                'around it, or set with_cp=False'
            )
        return _mix_maps(output, mix, name)

    handle = find_layer(model, name).register_forward_hook(mix_output)
    try:
        yield
    finally:
        handle.remove()
    if runs != 1:
        raise RuntimeError(
            f'ManifoldMixup: {name} ran {runs} times for a batch; name a layer that runs once'
        )


def check_layers(model: nn.Module, augments: Iterable[Any]) -> None:
    """Check before training that the model has the layers whose outputs are going to be mixed.

    Args:
        model (nn.Module): The model.
        augments (Iterable[Any]): Its batch augmentations.

    Raises:
        ValueError: If it lacks one.
    """
    for augment in augments:
        for name in augment.layers if isinstance(augment, ManifoldMixup) else ():
            if name != INPUT:
                find_layer(model, name)


def find_layer(model: nn.Module, name: str) -> nn.Module:
    """Find a submodule.

    Args:
        model (nn.Module): The model.
        name (str): Dotted name of the submodule.

    Returns:
        nn.Module: The submodule.

    Raises:
        ValueError: If there is none.
    """
    modules = dict(model.named_modules())
    if not name or name not in modules:
        alike = get_close_matches(name, modules, 1) or ['a name of model.named_modules()']
        raise ValueError(
            f'ManifoldMixup: the model has no layer {name!r}; did you mean {alike[0]}?'
        )
    return modules[name]


def _mix_maps(output: Any, mix: Mix, name: str) -> Any:
    """Mix a layer's output: one feature map, or several."""
    if isinstance(output, tuple | list):
        return type(output)(_mix_maps(one, mix, name) for one in output)
    if not isinstance(output, Tensor) or len(output) != len(mix.other):
        found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ValueError(
            f'ManifoldMixup: {name} returns {found}, not one feature map for each of the '
            f'{len(mix.other)} images; name another layer'
        )
    return mix(output)
