"""Configs of other packages as bases: ``_base_ = 'mmseg::…'`` and ``'mmwsss::mixup_cam.py'``.

mmengine finds a scope's configs through the name of the distribution that installs it
(MODULE2PACKAGE), and takes only names with a folder in them. Two conditions, two remedies:

- the distribution of that name is absent though the package imports (mmsegmentation installed as
  ``onedl-mmsegmentation``): the scope is mapped to the importable package itself;
- a config at the top of a package's ``configs/``: its name is accepted.
"""

import importlib.util
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution

import mmengine.config.config as config_module
import mmengine.hub.hub as hub_module
from mmengine.config.utils import MODULE2PACKAGE

_SCOPES = ('mmseg', 'mmpretrain', 'mmdet', 'mmselfsup')


def _is_distribution(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def map_config_scopes() -> dict[str, str]:
    """Register scope ``mmwsss``, and repair scopes of packages installed under another name.

    Returns:
        dict[str, str]: The scopes that were changed, with what each is mapped to now.
    """
    changed = {'mmwsss': 'mmwsss'} if 'mmwsss' not in MODULE2PACKAGE else {}
    for scope in _SCOPES:
        package = MODULE2PACKAGE.get(scope, scope)
        if not _is_distribution(package) and importlib.util.find_spec(scope) and package != scope:
            changed[scope] = scope
    MODULE2PACKAGE.update(changed)
    return changed


def _accept_top_level(resolve: Callable[[str], tuple[str, str]]) -> Callable:
    def resolve_config(cfg_path: str) -> tuple[str, str]:
        scope, separator, name = cfg_path.partition('::')
        if separator and name and '/' not in name and '::' not in name:
            return resolve(f'{scope}::_base_/{name}')[0], name
        return resolve(cfg_path)

    resolve_config.accepts_top_level = True  # type: ignore[attr-defined]
    return resolve_config


def accept_top_level_configs() -> None:
    """Let ``scope::name.py`` name a config at the top of a package's ``configs/``."""
    for module in (config_module, hub_module):
        resolve = module._get_package_and_cfg_path
        if not getattr(resolve, 'accepts_top_level', False):
            module._get_package_and_cfg_path = _accept_top_level(resolve)
