"""Stages of a pipeline: one class for each tool."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..shipped import find_config
from .base import Stage
from .labels import AffinityLabelStage, PseudoLabelStage
from .testing import TestStage
from .training import TrainStage

STAGES: dict[str, type[Stage]] = {
    cls.tool: cls for cls in (TrainStage, TestStage, AffinityLabelStage, PseudoLabelStage)
}
__all__ = [
    'STAGES',
    'AffinityLabelStage',
    'PseudoLabelStage',
    'Stage',
    'TestStage',
    'TrainStage',
    'parse_stage',
    'parse_stages',
]


def parse_stage(name: str, settings: Mapping[str, Any], configs: Mapping[str, str]) -> Stage:
    """Build a stage from its settings in a pipeline's config.

    Args:
        name (str): Name of the stage.
        settings (Mapping): ``tool``, a key of :data:`STAGES`; ``config``, a key of ``configs`` or
            a config file; other attributes of the tool's class.
        configs (Mapping[str, str]): Name → config file.

    Returns:
        Stage: The stage.

    Raises:
        ValueError: If the tool or a setting is unknown, or a setting is missing.
    """
    options = dict(settings)
    tool, config = options.pop('tool', None), options.get('config') or ''
    if tool not in STAGES:
        raise ValueError(f'stage {name!r}: tool must be one of {", ".join(STAGES)}, not {tool!r}')
    options['config'] = find_config(configs.get(config, config))
    options.setdefault('title', name)
    try:
        return STAGES[tool](name=name, **options)
    except TypeError as error:
        known = ', '.join(['tool', *(x.name for x in fields(STAGES[tool]) if x.name != 'name')])
        raise ValueError(f'stage {name!r}: {error}; its settings are {known}') from error


def parse_stages(
    settings: Mapping[str, Mapping[str, Any] | None], configs: Mapping[str, str]
) -> dict[str, Stage]:
    """Build the stages of a pipeline's config.

    Args:
        settings (Mapping[str, Mapping | None]): Name → settings, see :func:`parse_stage`; None
            leaves out a stage that the config inherits.
        configs (Mapping[str, str]): Name → config file.

    Returns:
        dict[str, Stage]: The stages by name.

    Raises:
        ValueError: If a stage has a wrong setting, or needs one that does not come before it.
    """
    stages: dict[str, Stage] = {}
    for name, given in settings.items():
        if given is None:
            continue
        stage = parse_stage(name, given, configs)
        unknown = [other for other in stage.needs if other not in stages]
        if unknown:
            raise ValueError(f'stage {name!r} needs {unknown[0]!r}, which is no stage before it')
        stages[name] = stage
    return stages
