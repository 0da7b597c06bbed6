"""Batch normalisation folded into convolutions, for inference."""

from collections.abc import Callable
from typing import NamedTuple

from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights


class _LeafTracer(fx.Tracer):
    """Follows a network down to the modules that have no children."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return next(m.children(), None) is None


class _Pair(NamedTuple):
    """A convolution and the normalisation that alone reads its output."""

    conv: nn.Conv2d
    norm: _BatchNorm
    parent: nn.Module
    child: str

    def fuse(self) -> Callable[[], None]:
        """Fold the normalisation into the convolution, and return what undoes it."""
        conv, norm, weight, bias = self.conv, self.norm, self.conv.weight, self.conv.bias
        assert norm.running_mean is not None and norm.running_var is not None
        fused = fuse_conv_bn_weights(
            weight, bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        conv.weight, conv.bias = fused
        setattr(self.parent, self.child, nn.Identity())

        def undo() -> None:
            conv.weight, conv.bias = weight, bias
            setattr(self.parent, self.child, norm)

        return undo


def _fusable_pairs(network: nn.Module) -> list[_Pair]:
    """List the pairs that may be folded."""
    try:
        graph = _LeafTracer().trace(network)
    except Exception:
        return []
    calls = [node for node in graph.nodes if node.op == 'call_module']
    names = [str(node.target) for node in calls]
    pairs = []
    for node, conv_name in zip(calls, names):
        # A backbone computes its last stage also where no output of it is asked for.
        users = list(node.users)
        if len(users) != 1 or users[0].op != 'call_module' or names.count(conv_name) > 1:
            continue
        norm_name = str(users[0].target)
        conv, norm = network.get_submodule(conv_name), network.get_submodule(norm_name)
        if not (isinstance(conv, nn.Conv2d) and isinstance(norm, _BatchNorm)):
            continue
        fixed = not norm.training and norm.running_mean is not None
        if fixed and names.count(norm_name) == 1:
            parent, _, child = norm_name.rpartition('.')
            pairs.append(_Pair(conv, norm, network.get_submodule(parent), child))
    return pairs


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
    steps = [pair.fuse() for pair in _fusable_pairs(network)]

    def undo_all() -> None:
        while steps:
            steps.pop()()

    return undo_all
