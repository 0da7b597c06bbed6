"""Kill a pipeline at random moments and compare its end with that of an unbroken run.

``python tests/fuzz/kill.py --seed 0 --count 20``

Every time a process is killed by SIGKILL: the pipeline, its tool or a rank of it, in turn by
chance. After each kill no process may be left, and no half-written result. The status is 1 if the
end differs.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'helpers'))

import torch
from tiny_pipeline import files, run, start, weights, write_pipeline

STAGES = ('classifier', 'affinitynet', 'segmentor')
FOLDERS = ('cams', 'affinity_labels/labels', 'pseudo_labels/labels', 'test/predictions')


def family(process: int) -> list[int]:
    """List a process and all that it started, the oldest first."""
    below = [process]
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            parent = int(folder.joinpath('stat').read_text().rpartition(')')[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == process:
            below += family(int(folder.name))
    return below


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and that nobody waits for does not."""
    try:
        return Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def kill_once(root: Path, work: str, rng: random.Random, seconds: float) -> tuple[str, list[int]]:
    """Start the pipeline and kill one of its processes after a random time.

    Returns:
        tuple[str, list[int]]: What was killed, and which processes still ran 10 seconds later.
    """
    process = start(root, work)
    try:
        process.communicate(timeout=rng.uniform(0, seconds))
        return 'ended before', []
    except subprocess.TimeoutExpired:
        pass
    everybody = family(process.pid)
    victim = rng.choice(everybody)
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + 10
    # Another victim than the pipeline is a failed tool, with which the pipeline ends too.
    while any(map(alive, everybody)) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = list(filter(alive, everybody))
    for orphan in left:
        os.kill(orphan, signal.SIGKILL)
    process.communicate(timeout=60)
    return 'pipeline' if victim == process.pid else 'tool', left


def differences(work: Path, unbroken: Path) -> list[str]:
    """Say in what two finished pipelines differ."""
    found = []
    for stage in STAGES:
        pairs = zip(weights(work / stage), weights(unbroken / stage), strict=True)
        if not all(torch.equal(ours, theirs) for ours, theirs in pairs):
            found.append(f'weights of {stage}')
    found += [name for name in FOLDERS if files(work / name) != files(unbroken / name)]
    unfinished = [path for path in work.rglob('.tmp-*') if path.name != '.tmp-lock']
    return found + [f'left behind: {path}' for path in unfinished]


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description='Kill a pipeline at random moments')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--count', type=int, default=20, help='number of kills')
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_pipeline(root)
        begin = time.monotonic()
        run(root, 'unbroken')
        whole = time.monotonic() - begin
        counts: Counter = Counter()
        wrong: list[str] = []
        number = 0
        while counts['pipeline'] + counts['tool'] < args.count:
            work = f'killed_{number}'
            for _ in range(rng.randint(1, 5)):
                killed, left = kill_once(root, work, rng, whole / 2)
                counts[killed] += 1
                wrong += [f'{work}: {len(left)} processes left'] if left else []
            run(root, work)
            ends = differences(root / work, root / 'unbroken')
            counts['ends that differ' if ends else 'equal ends'] += 1
            wrong += [f'{work}: {difference}' for difference in ends]
            print(', '.join(f'{name}: {count}' for name, count in counts.items()), flush=True)
            number += 1
    print('\n'.join(wrong))
    sys.exit(bool(wrong))


if __name__ == '__main__':
    main()
