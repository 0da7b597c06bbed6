"""What the benchmark of COCO's size makes up."""

import argparse
import importlib.util
import time

import numpy as np
from repo import TOOLS

from mmwsss.analysis.peak_memory import PeakMemory

TOOL = TOOLS / 'benchmarks' / 'dataset_scale.py'


def load():
    spec = importlib.util.spec_from_file_location('benchmark_dataset_scale', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_classes_are_as_frequent_as_stated():
    presence = load().draw_presence(20000, 80)
    assert presence.any(1).all()
    np.testing.assert_allclose(presence.mean(0)[[0, 1, 79]], [0.55, 0.13, 0.0015], atol=0.01)
    assert 2.7 < presence.sum(1).mean() < 3.1


def test_histograms_hold_every_pixel():
    tool = load()
    args = argparse.Namespace(size=(30, 40), thresholds=11)
    found = tool.draw_histograms(tool.draw_presence(5, 6), args)
    assert [count.sum() for _, count in found] == [30 * 40] * 5


def test_peak_of_memory_is_that_of_the_block():
    with PeakMemory() as memory:
        block = np.ones(8_000_000)
        time.sleep(0.2)
        del block
    assert 64e6 <= memory.added_bytes < 80e6
