"""Settings that replace those of a config, as ``--cfg-options`` gives them."""

import copy
import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

# What else is read of a config, and may be new in it, though it looks like another setting.
_READ = ('train_pipeline', 'val_pipeline', 'test_pipeline', 'tta_pipeline', 'tta_model')


def merge_options(cfg: Config, options: Mapping[str, Any] | None) -> None:
    """Replace settings of a config.

    Args:
        cfg (Config): The config; changed in place.
        options (Mapping, optional): New values by dotted key.

    Raises:
        ValueError: If the config has no such setting, but one of nearly that name: mmengine would
            add what nobody reads.
    """
    known = {*cfg, *_READ, *inspect.signature(Runner.__init__).parameters}
    for option in options or {}:
        name = option.partition('.')[0]
        alike = [] if name in known else get_close_matches(name, list(cfg), 1, 0.85)
        if alike:
            raise ValueError(
                f'{cfg.filename or "config"}: has no {name} to set as {option}; did you mean '
                f'{alike[0]}?'
            )
    # Merging takes _delete_ out of what it merges.
    cfg.merge_from_dict(copy.deepcopy(dict(options or {})))
