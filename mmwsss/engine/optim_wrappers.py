"""How a step of the optimiser is computed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmwsss.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Forward passes in bfloat16 where autocast allows it, on CPUs too.

    mmengine's ``AmpOptimWrapper`` refuses CPUs. bfloat16 has float32's range, so that gradients
    need no scaling; weights and the optimiser's state stay float32. It is faster only where the
    processor multiplies bfloat16 (``avx512_bf16`` or ``amx_bf16`` among the flags of ``lscpu``).

    Args:
        **kwargs: Arguments of mmengine's ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Compute the losses of a model under autocast.

        Args:
            model (nn.Module): Model to be trained.

        Yields:
            None: The body runs under autocast, and accumulates gradients as mmengine's does.
        """
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, dtype=torch.bfloat16):
            yield
