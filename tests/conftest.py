"""What every test needs: nothing that another test has left behind."""

from collections.abc import Iterator

import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def default_scopes_of_one_test() -> Iterator[None]:
    """Remove the default scopes that a test leaves, such as those of the runners that it builds.

    Later tests would look for their components in that scope, so that their success would depend on
    the order in which tests run.
    """
    before = set(DefaultScope._instance_dict)
    yield
    for name in DefaultScope._instance_dict.keys() - before:
        del DefaultScope._instance_dict[name]
