"""Lengths of the rounds, and learning rate schedules scaled to them."""

import copy
from collections.abc import Mapping, Sequence
from fractions import Fraction

# Settings that hold further lengths in epochs or iterations: schedules with them are not scaled.
_FIXED = ('milestones', 'step_size', 'T_max', 'periods', 'total_steps')


def round_epochs(rounds: int, epochs: Sequence[int] | None, max_epochs: int) -> Sequence[int]:
    """Divide the epochs of a run among its rounds.

    Args:
        rounds (int): Number of rounds after round 0.
        epochs (Sequence[int], optional): Number of epochs of each round. None: equal shares.
        max_epochs (int): Number of epochs of the run.

    Returns:
        Sequence[int]: Number of epochs of each round.

    Raises:
        ValueError: If they are not ``max_epochs`` in all.
    """
    shares = epochs or [max_epochs // (rounds + 1)] * (rounds + 1)
    if sum(shares) != max_epochs:
        raise ValueError(
            f'{max_epochs} epochs are not those of rounds 0 to {rounds}, '
            f'{epochs or "equally many each"}: set train_cfg.max_epochs, or epochs of '
            'SubCategoryClusteringHook'
        )
    return shares


def round_schedules(
    schedules: Mapping | Sequence[Mapping], epochs: int, epoch_length: int
) -> list[dict]:
    """Scale the schedules of a config so that the last of them ends with a round.

    Every ``begin`` and ``end`` is multiplied by the same factor and rounded: to whole iterations
    if the schedule has ``convert_to_iter_based``, else to whole numbers of the unit that it counts
    in, epochs or iterations. A schedule without ``end`` ends with the round. If the last schedule
    ends with the round already, none is changed.

    Args:
        schedules (Mapping | Sequence[Mapping]): ``param_scheduler`` of a config.
        epochs (int): Number of epochs of the round.
        epoch_length (int): Number of iterations of an epoch.

    Returns:
        list[dict]: Configs of the schedules for the round.

    Raises:
        ValueError: If a schedule cannot be scaled.
    """
    scaled = [dict(copy.deepcopy(one)) for one in _listed(schedules)]
    ends = [one['end'] * _unit(one, epoch_length) for one in scaled if 'end' in one]
    factor = epochs * epoch_length / Fraction(max(ends)) if ends else Fraction(1)
    for one in scaled:
        if factor != 1:
            _scale(one, factor, epoch_length)
        one.setdefault('end', epochs * epoch_length // _unit(one, epoch_length))
    return scaled


def _listed(schedules: Mapping | Sequence[Mapping]) -> Sequence[Mapping]:
    return [schedules] if isinstance(schedules, Mapping) else schedules


def _unit(schedule: Mapping, epoch_length: int) -> int:
    """Number of iterations of the unit that a schedule counts in: an epoch, or one iteration."""
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
