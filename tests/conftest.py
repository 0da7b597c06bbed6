"""What every test needs: an order that saves time, and nothing left by another test."""

import gc
from collections.abc import Iterator

import pytest
from mmengine.registry import DefaultScope


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Import mmwsss before the packages that it has remedies for, but after coverage has begun."""
    import mmwsss  # noqa: F401


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put modules with slow tests first, each in one process of ``pytest -n 2 --dist loadgroup``.

    Such modules make what their tests share once, a training for example; in two processes they
    would make it twice. At the end of the run there are short tests, which fill both processes.

    Args:
        items (list[pytest.Item]): The tests, reordered in place.
    """
    slow = {item.path for item in items if item.get_closest_marker('slow')}
    for item in items:
        if item.path in slow:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what was imported out of garbage collection, and check that groups have effect.

    mmengine's datasets collect garbage when they are built, in hundreds of tests, and that would
    look through a million objects of imported packages each time.

    Args:
        session (pytest.Session): The session, with the tests to run.

    Raises:
        pytest.UsageError: If this process of ``--dist loadgroup`` has named no test by its group,
            by which pytest-xdist would know it.
    """
    gc.collect()
    gc.freeze()
    grouped = [item for item in session.items if item.get_closest_marker('xdist_group')]
    if session.config.getoption('loadgroup', False) and grouped and '@' not in grouped[0].nodeid:
        raise pytest.UsageError(
            'pytest-xdist does not keep groups of tests together under this pytest: install the '
            'versions of requirements/constraints.txt'
        )


def _without_new_scopes() -> Iterator[None]:
    """Remove the default scopes that tests leave, such as those of the runners that they build.

    Later tests would look for their components in that scope, so that their success would depend on
    the order in which tests run.
    """
    before = set(DefaultScope._instance_dict)
    yield
    for name in DefaultScope._instance_dict.keys() - before:
        del DefaultScope._instance_dict[name]


default_scopes_of_one_test = pytest.fixture(autouse=True)(_without_new_scopes)
# Fixtures of a module are set up before its first test.
default_scopes_of_one_module = pytest.fixture(autouse=True, scope='module')(_without_new_scopes)
