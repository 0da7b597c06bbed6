"""Remedies for faults of the packages that mmwsss builds on, one module each.

Every module names the condition under which its remedy applies; otherwise it changes nothing.
"""

import os
import warnings

from .openmp import wait_without_spinning

wait_without_spinning(os.environ)  # before torch is imported

from .torchvision_ops import define_missing_torchvision_ops  # noqa: E402


def apply_remedies() -> None:
    """Check versions and apply the remedies that importing mmwsss needs. Safe to call twice.

    Raises:
        ImportError: If an OpenMMLab package is missing or of a version that is not supported.
    """
    try:
        from .versions import check_versions
    except ModuleNotFoundError as error:
        raise ImportError(
            f"mmwsss needs {error.name}, which is not installed: pip install 'mmwsss[onedl]'"
        ) from error
    check_versions()
    # mmcv's wheels without compiled operators say so whenever a transformer is imported.
    warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
    define_missing_torchvision_ops()

    from .checkpoints import load_checkpoints_safely
    from .config_scopes import accept_top_level_configs, map_config_scopes
    from .messages import leave_out_debug_messages
    from .moved_runs import resume_moved_runs
    from .weights import refuse_pretrained_misfits

    leave_out_debug_messages()
    map_config_scopes()
    accept_top_level_configs()
    load_checkpoints_safely()
    resume_moved_runs()
    refuse_pretrained_misfits()
