"""A run under review, and the server of its page."""

import shutil
from pathlib import Path

import pytest
from reviewed_run import write_reviewed_run


@pytest.fixture(scope='session')
def written_run(tmp_path_factory) -> Path:
    return write_reviewed_run(tmp_path_factory.mktemp('reviewed'))


@pytest.fixture
def run_folder(written_run, tmp_path) -> Path:
    """A copy of the folder of a finished run, to change."""
    return shutil.copytree(written_run, tmp_path / 'run')
