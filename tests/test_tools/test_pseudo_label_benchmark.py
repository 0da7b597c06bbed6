"""The benchmark's baseline makes the labels that the tool makes."""

import argparse
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from repo import TOOLS

from mmwsss.demo import CLASSES
from mmwsss.ops.pairs import half_plane_offsets
from mmwsss.refinement.random_walk import random_walk

TOOL = TOOLS / 'benchmarks' / 'pseudo_labels.py'
CONFIG = """
_base_ = ['mmwsss::msrc/affinitynet_efficientnet-lite0_msrc.py']
model = dict(
    backbone=dict(_delete_=True, type='mmpretrain.ResNet', depth=18, stem_channels=8,
                  base_channels=8, strides=(1, 1, 1, 1), out_indices=(0, 1, 2), deep_stem=False),
    head=dict(in_channels=(8, 16, 32), channels=(4, 4, 8), radius=3, stride=4))
pseudo_labels = dict(refiner=dict(refiners=[
    dict(type='RandomWalkRefiner', t=3), dict(type='CRFRefiner', iterations=2)]))
"""


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('benchmark_pseudo_labels', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize('radius', [2, 4])
def test_dense_walk_is_the_walk(tool: ModuleType, radius: int) -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.rand(3, 7, 10, generator=generator)
    affinity = torch.rand(len(half_plane_offsets(radius)), 7, 10, generator=generator)
    dense = tool.walk_dense(maps, affinity, radius, beta=2, t=3)
    ours = random_walk(maps, affinity, radius=radius, beta=2, t=3)
    torch.testing.assert_close(dense, ours, atol=1e-5, rtol=0)
    assert (dense - maps).abs().max() > 0.1


def test_baseline_and_tool_make_the_same_labels(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / 'tiny.py').write_text(CONFIG)
    args = argparse.Namespace(
        config=str(tmp_path / 'tiny.py'), width=102, height=75, images=len(CLASSES)
    )
    cfg, checkpoint = tool.prepare(args, tmp_path)
    dense = tool.label_dense(cfg, checkpoint, tmp_path / 'dense')
    ours = tool.label_tool(cfg, checkpoint, tmp_path / 'ours', workers=0)
    assert list(dense.ids()) == list(ours.ids())
    assert len(list(ours.ids())) == len(CLASSES)
    assert tool.difference(dense, ours) < 1e-3
    assert {len(np.unique(ours.read(img_id))) for img_id in ours.ids()} != {1}
    without = cfg.copy()
    without.pseudo_labels.refiner.refiners = without.pseudo_labels.refiner.refiners[1:]
    other = tool.label_tool(without, checkpoint, tmp_path / 'no walk', workers=0)
    assert tool.difference(ours, other) > 0.01
