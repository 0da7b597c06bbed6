"""What the tests of comparisons need."""

import fake_runs
import pytest


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Let stand-ins run in place of the tools, in a folder with their configs and data."""
    fake_runs.set_up(tmp_path, monkeypatch)
