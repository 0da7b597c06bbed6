"""A start prints what the project has to say, and nothing that helps nobody."""

import importlib.util
import logging
import os
import subprocess
import sys
import warnings

import mmengine.logging
import mmengine.registry
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope, Registry
from repo import ROOT

from mmwsss.compat import openmp
from mmwsss.compat.messages import leave_out_debug_messages
from mmwsss.registry import METRICS, MODELS


def test_importing_is_silent_and_leaves_out_what_few_tools_need():
    # Packages warn of what they will change themselves; Python is told to leave that out.
    code = (
        'import os, sys, mmwsss; assert not {"sklearn", "matplotlib"} & sys.modules.keys(); '
        'assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"'
    )
    environment = {key: value for key, value in os.environ.items() if key not in openmp.CHOICES}
    result = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout + result.stderr == ''


def test_only_messages_of_level_debug_without_a_logger_are_left_out(capsys):
    leave_out_debug_messages()
    leave_out_debug_messages()
    mmengine.logging.print_log('for developers', level=logging.DEBUG)
    mmengine.logging.print_log('for users')
    mmengine.logging.print_log('a warning', level=logging.WARNING)
    assert capsys.readouterr().out == 'for users\na warning\n'


@pytest.fixture
def told(tmp_path):
    """Messages of the current logger, as a list that grows."""
    messages = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    'name', [key for key, value in vars(mmengine.registry).items() if isinstance(value, Registry)]
)
def test_every_registry_has_a_child_whose_location_exists(name):
    root = getattr(mmengine.registry, name)._get_root_registry()
    child = root._search_child('mmwsss')
    assert child is not None and child.parent is root
    child.import_from_location()  # raises, or warns, where the location is wrong
    assert all(importlib.util.find_spec(location) for location in child._locations)


def test_batch_augments_are_built_in_our_scope_without_a_warning(told):
    settings = dict(
        type='CAMDataPreprocessor',
        num_classes=3,
        batch_augments=dict(augments=dict(type='Mixup', alpha=0.2)),
    )
    with DefaultScope.overwrite_default_scope('mmwsss'), warnings.catch_warnings():
        warnings.simplefilter('error')
        built = MODELS.build(settings)
    assert type(built.batch_augments.augment.augments[0]).__name__ == 'Mixup'
    assert told == []


@pytest.mark.parametrize('name', ['CAMMetric', 'MaskIoUMetric', 'CRFIoUMetric'])
def test_metrics_are_built_without_a_warning(name, told):
    with DefaultScope.overwrite_default_scope('mmwsss'):
        METRICS.build(dict(type=name))
    assert told == []


def test_names_of_mask_metrics_have_no_prefix():
    metric = METRICS.build(dict(type='mmwsss.MaskIoUMetric'))
    metric.dataset_meta = dict(classes=['background', 'cat'])
    metric.results = [tuple(torch.ones(2) for _ in range(4))]
    assert 'mIoU' in metric.evaluate(1)
