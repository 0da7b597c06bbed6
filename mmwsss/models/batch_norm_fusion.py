"""Batch normalisation folded into convolutions, for inference."""

from collections.abc import Callable, Iterator

from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights


class _LeafTracer(fx.Tracer):
    """Follows a network down to the modules that have no children."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return next(m.children(), None) is None


def _fusable_pairs(network: nn.Module) -> Iterator[tuple[str, str]]:
    """Yield the names of convolutions and of the normalisations that alone read their outputs."""
    try:
        graph = _LeafTracer().trace(network)
    except Exception:
        return
    calls = [node for node in graph.nodes if node.op == 'call_module']
    names = [node.target for node in calls]
    for node in calls:
        if len(node.users) != 1:
            continue
        (user,) = node.users
        if user.op != 'call_module' or names.count(node.target) + names.count(user.target) != 2:
            continue
        conv, norm = network.get_submodule(node.target), network.get_submodule(user.target)
        if isinstance(conv, nn.Conv2d) and _is_fixed(norm):
            yield node.target, user.target


def _is_fixed(norm: nn.Module) -> bool:
    """Tell whether a module is batch normalisation by statistics that are fixed."""
    return isinstance(norm, _BatchNorm) and not norm.training and norm.running_mean is not None


def fuse_batch_norm(network: nn.Module) -> Callable[[], None]:
    """Fold batch normalisation into the convolutions before it, in place.

    Only normalisation in evaluation mode is folded, and only where nothing else reads the output
    of its convolution. A network that ``torch.fx`` cannot follow stays as it is. Outputs are the
    same to rounding. Checkpoints saved in between would lack the folded layers: undo it first.

    Args:
        network (nn.Module): The network, in evaluation mode.

    Returns:
        Callable[[], None]: Undoes it: the network has its own modules and parameters again.
    """
    undo: list[Callable[[], None]] = []
    for conv_name, norm_name in list(_fusable_pairs(network)):
        conv, norm = network.get_submodule(conv_name), network.get_submodule(norm_name)
        parent_name, _, child = norm_name.rpartition('.')
        parent = network.get_submodule(parent_name)
        undo.append(_restorer(conv, parent, child, norm))
        conv.weight, conv.bias = fuse_conv_bn_weights(
            conv.weight,
            conv.bias,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )
        setattr(parent, child, nn.Identity())

    def undo_all() -> None:
        while undo:
            undo.pop()()

    return undo_all


def _restorer(
    conv: nn.Module, parent: nn.Module, child: str, norm: nn.Module
) -> Callable[[], None]:
    """Return a function that gives a convolution its parameters and its normalisation back."""
    weight, bias = conv.weight, conv.bias

    def restore() -> None:
        conv.weight, conv.bias = weight, bias
        setattr(parent, child, norm)

    return restore
