import argparse
import importlib.util

import numpy as np
from repo import TOOLS

from mmwsss.structures import CAMStore

TOOL = TOOLS / 'benchmarks' / 'cam_metric.py'


def test_one_pass_gives_the_curve_of_a_pass_for_each_threshold(tmp_path):
    spec = importlib.util.spec_from_file_location('benchmark_cam_metric', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    args = argparse.Namespace(images=4, classes=5, thresholds=10, size=(37, 50))
    store = CAMStore.create(tmp_path / 'store', list('abcde'))
    images = tool.write_inputs(args, store, tmp_path)
    slow = tool.threshold_by_threshold(args, images, tmp_path)
    ours = tool.one_pass(args, images, store)
    np.testing.assert_allclose(ours, slow, rtol=1e-12)
    assert np.ptp(slow) > 1
