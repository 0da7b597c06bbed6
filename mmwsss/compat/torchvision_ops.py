"""Importing torchvision beside a PyTorch build that its own library does not match.

Condition: torchvision's compiled library cannot be loaded (a CUDA build of torchvision beside a
CPU build of PyTorch, the usual pair where no CPU build of torchvision is to be had). Importing
torchvision then stops with «operator torchvision::nms does not exist», because it describes the
shapes of operators which were never defined, and takes mmpretrain down with it.

Remedy: define the schemas (not the operators) before torchvision is imported. mmwsss and the parts
of mmpretrain and mmsegmentation that it uses call none of them; whoever calls one still gets
PyTorch's own error that no kernel is there.
"""

import importlib.util
from pathlib import Path

import torch

_SCHEMAS = (
    'nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
    'qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
)


def _library_loads(package_dir: Path) -> bool:
    """Whether torchvision's compiled operators can be loaded into this PyTorch."""
    libraries = [p for p in package_dir.glob('_C*') if p.suffix in ('.so', '.pyd', '.dylib')]
    if not libraries:
        return False
    try:
        torch.ops.load_library(str(libraries[0]))
    except OSError:
        return False
    return True


def _is_defined(name: str) -> bool:
    return hasattr(torch.ops.torchvision, name)


def define_missing_torchvision_ops() -> list[str]:
    """Declare the torchvision operators that cannot be loaded.

    Returns:
        list[str]: The names declared; empty where torchvision is absent or whole.
    """
    spec = importlib.util.find_spec('torchvision')
    if spec is None or spec.origin is None or _library_loads(Path(spec.origin).parent):
        return []
    missing = [s for s in _SCHEMAS if not _is_defined(s.partition('(')[0])]
    library = torch.library.Library('torchvision', 'FRAGMENT')
    for schema in missing:
        library.define(schema)
    _KEEP_ALIVE.append(library)
    return [s.partition('(')[0] for s in missing]


# A Library takes its definitions with it when it is collected.
_KEEP_ALIVE: list[torch.library.Library] = []
