import argparse
import importlib.util

import pytest
import torch
from repo import TOOLS

TOOL = TOOLS / 'benchmarks' / 'random_walk.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('benchmark_random_walk', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_methods_give_the_same_maps(tool):
    args = argparse.Namespace(
        height=70, width=100, stride=8, channels=5, classes=3, batch=2, device='cpu',
        radius=4, beta=3.0, t=6,
    )  # fmt: skip
    features, maps = tool.make_inputs(args)
    assert maps.shape == (2, 3, 9, 13)
    results = {
        name: walk(maps, affinities(features, args), args)
        for name, (affinities, walk) in tool.METHODS.items()
    }
    torch.testing.assert_close(results['sparse'], results['dense'], atol=1e-5, rtol=0)
    torch.testing.assert_close(results['ours'], results['dense'], atol=1e-5, rtol=0)
    assert (results['ours'] - maps).abs().max() > 0.1
