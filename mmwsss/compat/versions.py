"""Versions of the OpenMMLab packages that mmwsss works with."""

import importlib.util
from importlib.metadata import PackageNotFoundError, version

from mmengine.utils import digit_version

# import name: (distributions that install it, lowest version, first version that is not supported)
REQUIREMENTS = {
    'mmengine': (('onedl-mmengine', 'mmengine'), '0.10.4', '1.0.0'),
    'mmcv': (('onedl-mmcv', 'mmcv', 'mmcv-lite'), '2.0.0', '3.0.0'),
    'mmseg': (('onedl-mmsegmentation', 'mmsegmentation'), '1.2.2', '2.0.0'),
    'mmpretrain': (('onedl-mmpretrain', 'mmpretrain'), '1.2.0', '2.0.0'),
}
_REMEDY = "install a tested set with: pip install 'mmwsss[onedl]'"


def installed_version(distributions: tuple[str, ...]) -> str | None:
    """Find the version of the first installed one of several distributions.

    Args:
        distributions (tuple[str, ...]): Names of the distributions.

    Returns:
        str | None: The version; None if none is installed.
    """
    for name in distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def check_versions() -> None:
    """Check that the OpenMMLab packages are installed in versions that mmwsss works with.

    Raises:
        ImportError: If a package is missing or of another version. The message has the remedy.
    """
    for module, (distributions, lowest, limit) in REQUIREMENTS.items():
        found = installed_version(distributions)
        if found is None:
            if importlib.util.find_spec(module) is None:
                raise ImportError(f'mmwsss needs {module}, which is not installed: {_REMEDY}')
            continue
        if not digit_version(lowest) <= digit_version(found) < digit_version(limit):
            raise ImportError(
                f'mmwsss needs {module} >={lowest},<{limit} but {found} is installed: {_REMEDY}'
            )
