"""Several processes on CPUs: ``--launcher pytorch`` without an accelerator.

Condition: a launcher is given and no accelerator is there. mmengine's PyTorch launcher then calls
``torch.cuda.set_device``, and its wrapper gives DistributedDataParallel a GPU's number.

Remedy: the gloo process group is initialised before the Runner, which keeps one that it finds, and
the model is wrapped without device ids. The group is destroyed before the interpreter ends: its
threads are stopped then, from Python 3.14 on for good, and one that holds the lock of the group
would let the process wait for it for ever.
"""

import atexit

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.device import get_device


def prepare_cpu_distributed(cfg: Config) -> bool:
    """Initialise gloo and complete ``cfg`` for processes without an accelerator.

    Args:
        cfg (Config): The runner's config, changed in place if it has a ``launcher``.

    Returns:
        bool: Whether the remedy applied.

    Raises:
        ValueError: If another launcher than 'pytorch' is asked for without an accelerator.
    """
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none' or get_device() != 'cpu':
        return False
    if launcher != 'pytorch':
        raise ValueError(
            f"launcher '{launcher}' needs an accelerator; on CPUs use --launcher pytorch (torchrun)"
        )
    if not dist.is_initialized():
        dist.init_process_group('gloo')
        atexit.register(_destroy_process_group)
    # One process a core group: each would otherwise take every core.
    torch.set_num_threads(max(1, torch.get_num_threads() // dist.get_world_size()))
    wrapper = dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    wrapper.update(cfg.get('model_wrapper_cfg') or {}, device_ids=None)
    cfg.model_wrapper_cfg = wrapper
    return True


def _destroy_process_group() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
