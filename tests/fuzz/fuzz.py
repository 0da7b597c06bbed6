"""Harm inputs of every kind and count what becomes of them.

``python tests/fuzz/fuzz.py --seed 0 --count 200 [--only checkpoint]``

named: refused by an error that is one line and has the file's name. same: read as if nothing had
happened (padding, a time). silent: read as something else, though the format has checksums. other:
the same where it has none, such as another name in a text. unnamed: another error. hang: more than
20 seconds. Only named, same and other are right; the status is 1 if there is another.
"""

import argparse
import contextlib
import io
import logging
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from damage import Rewritten
from targets import TARGETS, Target, write_inputs

PATIENCE = 20
KINDS = ('named', 'same', 'other', 'unnamed', 'silent', 'hang')
WRONG = ('unnamed', 'silent', 'hang')


class Hang(BaseException):
    """A reader takes too long."""


@contextlib.contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise :class:`Hang` after some seconds."""

    def stop(*_: Any) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Show nothing, not what libraries in C write either."""
    with contextlib.redirect_stdout(io.StringIO()), open(os.devnull, 'wb') as nowhere:
        before = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(before, 2)
            os.close(before)


def same(one: Any, other: Any) -> bool:
    """Compare what was read, arrays and tensors within it too."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def judge(target: Target, root: Path, expected: Any, checked: bool) -> tuple[str, str]:
    """Read a harmed file; say which kind it is, and why."""
    file = root / target.file
    try:
        with time_limit(PATIENCE), silence():
            found = target.read(root, file)
    except Hang:
        return 'hang', ''
    except Exception as error:
        text = str(error)
        named = file.name in text and (isinstance(error, (OSError, ValueError, FloatingPointError)))
        return (
            'named' if named and '\n' not in text else 'unnamed',
            f'{type(error).__name__}: {text}',
        )
    if same(found, expected):
        return 'same', ''
    return 'silent' if checked else 'other', repr(found)


def fuzz(
    name: str, count: int, seed: int, root: Path, keep: Path | None = None
) -> tuple[Counter, list[str]]:
    """Harm one kind of input many times.

    Args:
        name (str): A key of ``TARGETS``.
        count (int): How many times.
        seed (int): Seed of the harm.
        root (Path): Whole inputs.
        keep (Path, optional): Folder for what was judged wrong.

    Returns:
        tuple[Counter, list[str]]: How often what became of it, and what was wrong.
    """
    target = TARGETS[name]
    file = root / target.file
    whole = file.read_bytes()
    with silence():
        expected = target.read(root, file)
    assert expected is not None, f'{name}: the whole input counts for nothing'
    os.environ['FUZZ_MARK'] = str(root / 'code-ran')
    counts: Counter = Counter()
    wrong: list[str] = []
    try:
        for index in range(count):
            rng = random.Random(f'{seed} {name} {index}')
            harmed = target.harm(whole, rng)
            if harmed == whole:
                continue
            file.write_bytes(harmed)
            checked = target.checked and not isinstance(harmed, Rewritten)
            kind, reason = judge(target, root, expected, checked)
            if (root / 'code-ran').exists():
                (root / 'code-ran').rmdir()
                kind, reason = 'silent', 'CODE RAN'
            counts[kind] += 1
            if kind in WRONG:
                wrong.append(f'{name} {index}: {kind}: {reason[:300]}')
                if keep:
                    keep.mkdir(exist_ok=True)
                    (keep / f'{name.replace("/", "_")} {index} {file.name}').write_bytes(harmed)
    finally:
        file.write_bytes(whole)
    return counts, wrong


@contextlib.contextmanager
def inputs() -> Iterator[Path]:
    """Write whole inputs of every kind to a folder of their own."""
    logging.disable(logging.ERROR)
    warnings.simplefilter('ignore')
    with tempfile.TemporaryDirectory() as folder:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                write_inputs(Path(folder))
            yield Path(folder)
        finally:
            logging.disable(logging.NOTSET)


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description='Harm inputs and count what becomes of them')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--count', type=int, default=200, help='how often, of each kind')
    parser.add_argument('--only', default='', help='kinds whose name has this')
    parser.add_argument('--keep', type=Path, help='folder for inputs that were judged wrong')
    args = parser.parse_args()
    total: Counter = Counter()
    wrong: list[str] = []
    print(f'{"":28}' + ''.join(f'{kind:>9}' for kind in KINDS) + f'{"ms each":>9}')
    with inputs() as root:
        for name in TARGETS:
            if args.only not in name:
                continue
            begin = time.perf_counter()
            counts, problems = fuzz(name, args.count, args.seed, root, args.keep)
            spent = 1000 * (time.perf_counter() - begin) / args.count
            cells = ''.join(f'{counts[kind]:9}' for kind in KINDS)
            print(f'{name:28}{cells}{spent:9.1f}', flush=True)
            total += counts
            wrong += problems
    print(f'{"all":28}' + ''.join(f'{total[kind]:9}' for kind in KINDS))
    print('\n'.join(wrong))
    sys.exit(bool(wrong))


if __name__ == '__main__':
    main()
