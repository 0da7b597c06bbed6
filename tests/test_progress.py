"""Progress of work whose length is known."""

from types import SimpleNamespace

import pytest

from mmwsss import progress
from mmwsss.progress import format_step, track


@pytest.mark.parametrize(
    ('done', 'total', 'seconds', 'expected'),
    [
        (1, 4, 2.0, 'work [1/4] eta: 0:00:06'),
        (40, 160, 1200.0, 'work [40/160] eta: 1:00:00'),
        (4, 4, 9.0, 'work [4/4] eta: 0:00:00'),
        (7, None, 9.0, 'work [7]'),
    ],
)
def test_time_left_is_that_of_the_items_so_far(done, total, seconds, expected):
    assert format_step('work', done, total, seconds) == expected


@pytest.fixture
def clock(monkeypatch):
    """A clock that is put forward by hand."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(progress, 'time', SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_a_line_is_printed_every_ten_seconds_and_at_the_end_where_no_terminal_is(clock, capsys):
    for _ in track(range(8), 'work', 8):
        clock.now += 4
    assert capsys.readouterr().out.splitlines() == [
        'work [3/8] eta: 0:00:20',
        'work [6/8] eta: 0:00:08',
        'work [8/8] eta: 0:00:00',
    ]


def test_all_items_come_in_order_and_nothing_is_shown_if_disabled(capsys):
    assert list(track('abc', 'work', disable=True)) == ['a', 'b', 'c']
    assert list(track('', 'work')) == []
    assert capsys.readouterr().out == ''
    assert list(track(iter('abc'), 'work')) == ['a', 'b', 'c']
    assert capsys.readouterr().out == 'work [3]\n'


def test_a_terminal_gets_a_bar(monkeypatch):
    shown = []
    monkeypatch.setattr(progress, 'show_bar', lambda *args: shown.append(args) or args[0])
    monkeypatch.setattr(progress.sys, 'stdout', SimpleNamespace(isatty=lambda: True))
    assert list(track('ab', 'work', 2)) == ['a', 'b'] and shown == [('ab', 'work', 2)]
