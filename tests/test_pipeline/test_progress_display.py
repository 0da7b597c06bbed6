"""Progress of the stage in work, read from its log."""

import io
import sys
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

from mmwsss.folder_lock import locked
from mmwsss.pipeline import processes
from mmwsss.pipeline.progress import ProgressDisplay, read_progress
from mmwsss.progress import format_step

TRAIN = (
    '11/26 07:29:22 - mmengine - INFO - Epoch(train)  [4][ 10/160]  lr: 1.8e-04  '
    'eta: 0:03:19  time: 0.7  loss: 0.3\n'
)
LONG = '11/26 07:29:22 - mmengine - INFO - Iter(train) [   50/20000]  eta: 1 day, 2:03:04\n'


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / 'tool.log'


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        (TRAIN, 'Epoch(train) [4][10/160], 0:03:19 left'),
        (LONG, 'Iter(train) [50/20000], 1 day, 2:03:04 left'),
        (TRAIN + 'Saving checkpoint at 4 epochs\n', 'Epoch(train) [4][10/160], 0:03:19 left'),
        (TRAIN + format_step('dense CRF', 3, 9, 6.0), 'dense CRF [3/9], 0:00:12 left'),
        ('Epoch(test) [ 50/160]    eta: 0:00:10\n', 'Epoch(test) [50/160], 0:00:10 left'),
        ('x' * 20000 + '\n' + TRAIN, 'Epoch(train) [4][10/160], 0:03:19 left'),
        ('bounds of [3/4] without a time\n', None),
        ('', None),
    ],
)
def test_the_last_line_with_time_left_counts(log, text, expected):
    log.write_text(text)
    assert read_progress(log) == expected


def test_what_mmengine_logs_is_understood(tmp_path):
    logger = MMLogger('progress', log_file=str(tmp_path / 'tool.log'))
    logger.info('Epoch(val) [3][20/60]    eta: 0:00:41  time: 1.0')
    assert read_progress(tmp_path / 'tool.log') == 'Epoch(val) [3][20/60], 0:00:41 left'


def test_lines_come_now_and_then_and_once_each(log):
    log.write_text(TRAIN)  # of the run that is resumed
    shown = io.StringIO()
    display = ProgressDisplay(log, shown, seconds=0)
    display.update()
    assert shown.getvalue() == ''
    for line in (LONG, LONG, TRAIN):
        with log.open('a') as file:
            file.write(line)
        display.update()
    display.close()
    assert shown.getvalue().splitlines() == [
        '   Iter(train) [50/20000], 1 day, 2:03:04 left',
        '   Epoch(train) [4][10/160], 0:03:19 left',
    ]
    late = io.StringIO()
    ProgressDisplay(log.with_name('none.log'), late, seconds=60).update()
    assert late.getvalue() == ''


def test_a_terminal_gets_one_line_that_is_cleared(log):
    terminal = Terminal()
    display = ProgressDisplay(log, terminal)
    log.write_text(TRAIN)
    display.update()
    display.close()
    assert '\n' not in terminal.getvalue()
    assert terminal.getvalue().split('\r\x1b[K')[1:] == [
        '   Epoch(train) [4][10/160], 0:03:19 left',
        '',
    ]


def test_progress_is_shown_while_a_tool_runs(log, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(processes, 'ProgressDisplay', lambda log: ProgressDisplay(log, terminal))
    code = f'import time; print({TRAIN!r}, flush=True); time.sleep(2.5)'
    with locked(log.parent) as lock:
        processes.run_tool([sys.executable, '-c', code], lock, log)
    assert '[4][10/160]' in terminal.getvalue() and terminal.getvalue().endswith('\x1b[K')


def test_a_tool_that_fails_is_told_all_the_same(log):
    with (
        locked(log.parent) as lock,
        pytest.raises(processes.StageError, match='status 3'),
    ):
        processes.run_tool([sys.executable, '-c', 'exit(3)'], lock, log)
