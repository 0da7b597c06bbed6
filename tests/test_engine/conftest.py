"""What small training runs share."""

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope


@pytest.fixture
def small_runs(monkeypatch):
    """The package's scope, and no formatting of the config, most of the time of such a run."""
    monkeypatch.setattr(Config, 'pretty_text', '')
    with DefaultScope.overwrite_default_scope('mmwsss'):
        yield
