"""A few harmed inputs of every kind; tests/fuzz/fuzz.py harms as many as one asks for."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fuzz import WRONG, fuzz, inputs
from targets import TARGETS


@pytest.fixture(scope='module')
def root() -> Iterator[Path]:
    with inputs() as folder:
        yield folder


@pytest.mark.parametrize('name', TARGETS)
def test_harm_is_named_and_never_silent(name: str, root: Path) -> None:
    counts, wrong = fuzz(name, 12, seed=1, root=root)
    assert not wrong
    assert counts['named'] > 0 and not any(counts[kind] for kind in WRONG)
