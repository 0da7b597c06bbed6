import json
import subprocess
import sys

from repo import TOOLS

TOOL = TOOLS / 'benchmarks' / 'busy_cores.py'


def test_process_that_trains_reports_its_wall_and_processor_time():
    options = ['--train', '--threads=1', '--workers=1', '--batch-size=2', '--size=32', '--steps=2']
    result = subprocess.run(
        [sys.executable, TOOL, *options], check=True, capture_output=True, text=True
    )
    wall, processor = json.loads(result.stdout)
    assert wall > 0
    assert processor > 0
