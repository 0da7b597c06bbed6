"""Tools refuse checkpoints that do not fit."""

from collections.abc import Sequence

from mmengine.config import Config

_HOOK = 'mmwsss.LoadedWeightsHook'


def require_weights(
    cfg: Config, prefixes: Sequence[str] = ('backbone.',), same_classes: bool = False
) -> None:
    """Let a run stop at a checkpoint that does not fit, unless the config says what must fit.

    Args:
        cfg (Config): A complete config; changed in place.
        prefixes (Sequence[str]): See :class:`LoadedWeightsHook`.
        same_classes (bool): See :class:`LoadedWeightsHook`.
    """
    hooks = [*(cfg.get('default_hooks') or {}).values(), *(cfg.get('custom_hooks') or [])]
    if any(str((hook or {}).get('type')).endswith('LoadedWeightsHook') for hook in hooks):
        return
    hook = dict(type=_HOOK, prefixes=list(prefixes), same_classes=same_classes)
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]
