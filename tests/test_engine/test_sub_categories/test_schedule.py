"""Schedules of a config, which are those of a round, laid over rounds of other lengths."""

import copy

import pytest

from mmwsss.engine.sub_categories.schedule import round_schedules

POLY = dict(type='PolyLR', power=0.9, begin=0, end=6, convert_to_iter_based=True)
WARM_UP = [
    dict(type='LinearLR', by_epoch=False, begin=0, end=20),
    dict(type='PolyLR', by_epoch=False, begin=20, end=60),
]


@pytest.mark.parametrize('schedules', [POLY, [POLY], WARM_UP])
def test_schedules_that_fit_stay_as_they_are(schedules):
    given = copy.deepcopy(schedules)
    expected = schedules if isinstance(schedules, list) else [schedules]
    assert round_schedules(schedules, 6, 10) == expected
    assert schedules == given


def test_converted_schedule_ends_with_the_round_to_the_iteration():
    begun = [dict(POLY, end=1), dict(POLY, begin=1)]
    expected = [(0, 7), (7, 42)]  # a sixth of 14 × 3 iterations
    found = round_schedules(begun, 3, 14)
    assert [(one['begin'], one['end']) for one in found] == expected
    assert all(one['by_epoch'] is False and 'convert_to_iter_based' not in one for one in found)
    assert found[0]['power'] == 0.9 and begun[0]['end'] == 1


def test_iterations_are_scaled_together():
    found = round_schedules(WARM_UP, 2, 15)
    assert [(one['begin'], one['end']) for one in found] == [(0, 10), (10, 30)]


def test_epochs_and_iterations_are_scaled_alike():
    mixed = [WARM_UP[0], dict(type='PolyLR', begin=2, end=6)]
    found = round_schedules(mixed, 12, 10)
    assert [(one['begin'], one['end']) for one in found] == [(0, 40), (4, 12)]


@pytest.mark.parametrize('by_epoch, end', [(True, 4), (False, 40)])
def test_without_end_it_is_the_rounds(by_epoch, end):
    schedule = dict(type='MultiStepLR', milestones=[2], by_epoch=by_epoch)
    assert round_schedules(schedule, 4, 10) == [dict(schedule, end=end)]


@pytest.mark.parametrize(
    'schedule, message',
    [
        (dict(type='MultiStepLR', milestones=[2], end=6), 'MultiStepLR with milestones'),
        ([dict(type='LinearLR', end=1), POLY], 'too short for LinearLR from 0 to 1: .*convert'),
    ],
)
def test_what_cannot_be_scaled_is_refused(schedule, message):
    with pytest.raises(ValueError, match=message):
        round_schedules(schedule, 1, 10)
