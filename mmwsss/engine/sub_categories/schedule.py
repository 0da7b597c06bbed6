"""The schedules of a config, which are those of one round, laid over rounds of other lengths."""

import copy
from collections.abc import Mapping, Sequence
from fractions import Fraction

# Lengths in epochs or iterations besides begin and end, which cannot be told from other settings.
_FIXED = ('milestones', 'step_size', 'T_max', 'periods', 'total_steps')


def round_schedules(
    schedules: Mapping | Sequence[Mapping], epochs: int, epoch_length: int
) -> list[dict]:
    """Settings of the schedules for a round.

    Together they end with the round: where they end earlier or later, every ``begin`` and ``end``
    is scaled, those of ``convert_to_iter_based`` to whole iterations, others to whole numbers of
    what they count in. One without ``end`` ends with the round. Schedules that fit stay as they
    are.

    Args:
        schedules: ``param_scheduler`` of a config.
        epochs: Of the round.
        epoch_length: Iterations of an epoch.

    Raises:
        ValueError: If a schedule cannot be scaled.
    """
    scaled = [dict(copy.deepcopy(one)) for one in _listed(schedules)]
    ends = [one['end'] * _unit(one, epoch_length) for one in scaled if 'end' in one]
    factor = epochs * epoch_length / Fraction(max(ends)) if ends else 1
    for one in scaled:
        if factor != 1:
            _scale(one, factor, epoch_length)
        one.setdefault('end', epochs * epoch_length // _unit(one, epoch_length))
    return scaled


def _listed(schedules: Mapping | Sequence[Mapping]) -> Sequence[Mapping]:
    return [schedules] if isinstance(schedules, Mapping) else schedules


def _unit(schedule: Mapping, epoch_length: int) -> int:
    """Iterations of what a schedule counts in."""
    return epoch_length if schedule.get('by_epoch', True) else 1


def _scale(schedule: dict, factor: Fraction, epoch_length: int) -> None:
    fixed = [key for key in _FIXED if key in schedule]
    if fixed:
        raise ValueError(
            f'the rounds of SubCategoryClusteringHook are not as long as param_scheduler, and '
            f'{schedule["type"]} with {fixed[0]} cannot be scaled: let them be equally long'
        )
    if schedule.pop('convert_to_iter_based', False):
        for key in ('begin', 'end'):
            if key in schedule:
                schedule[key] *= epoch_length
        schedule['by_epoch'] = False
    before = dict(schedule)
    for key in ('begin', 'end'):
        if key in schedule:
            schedule[key] = round(schedule[key] * factor)
    if schedule.get('end', 1) <= schedule.get('begin', 0):
        raise ValueError(
            f'a round of SubCategoryClusteringHook is too short for {schedule["type"]} from '
            f'{before.get("begin", 0)} to {before["end"]}: let it count iterations '
            '(convert_to_iter_based=True)'
        )
