"""Hooks that keep and draw response maps, in a real test loop."""

import logging

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from PIL import Image
from torch.utils.data import Dataset

from mmwsss.engine.hooks import CAMStoreHook, CAMVisualizationHook
from mmwsss.evaluation import CAMMetric
from mmwsss.registry import HOOKS
from mmwsss.structures import CAMStore, ResponseMap

CLASSES = ('cat', 'dog', 'cow')
SHAPE = (24, 36)


class Images(Dataset):
    """Five images on disk; the last one has no mask."""

    metainfo = {'classes': CLASSES}

    def __init__(self, root):
        self.paths = [root / 'a' / f'{i}.png' for i in range(5)]
        (root / 'a').mkdir()
        for i, path in enumerate(self.paths):
            Image.fromarray(np.full((*SHAPE, 3), (40 * i, 10, 90), np.uint8)).save(path)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        metainfo = {'img_id': f'a/{i}', 'img_path': str(self.paths[i]), 'ori_shape': SHAPE}
        sample = DataSample(metainfo=metainfo)
        sample.gt_seg_map = torch.zeros(SHAPE, dtype=torch.uint8)
        sample.gt_seg_map[:12] = i % 3 + 1
        return {'inputs': torch.zeros(3, *SHAPE), 'data_samples': sample}


class Oracle(BaseModel):
    """Turn the mask's upper half into a map of one class."""

    def forward(self, inputs, data_samples, mode):
        for sample in data_samples:
            sample.cam = torch.zeros(1, 4, 6)
            sample.cam[:, :2] = 1
            sample.cam_classes = sample.gt_seg_map[:1, 0].long() - 1
        return data_samples


def run_test(tmp_path, hooks, evaluator=()):
    dataset = Images(tmp_path)
    loader = {
        'dataset': dataset,
        'batch_size': 2,
        'num_workers': 0,
        'sampler': {'type': 'DefaultSampler', 'shuffle': False},
        'collate_fn': pseudo_collate,
    }
    runner = Runner(
        Oracle(),
        work_dir=str(tmp_path / 'work'),
        test_dataloader=loader,
        test_cfg={},
        test_evaluator=list(evaluator),
        custom_hooks=hooks,
        default_scope='mmwsss',
        experiment_name=tmp_path.name,
        log_level=logging.ERROR,
    )
    return dataset, runner.test()


def test_store_hook_keeps_every_image(tmp_path):
    out_dir = str(tmp_path / 'store')
    hook = {'type': 'CAMStoreHook', 'out_dir': out_dir}
    dataset, metrics = run_test(tmp_path, [hook], [CAMMetric()])
    store = CAMStore.open(out_dir, CLASSES)
    assert store.ids() == [f'a/{i}' for i in range(5)]
    for i, response in enumerate(store):
        assert response.classes.tolist() == [i % 3]
        assert response.ori_shape == SHAPE
        assert torch.equal(response.scores[0], torch.tensor([1.0, 1, 0, 0])[:, None].expand(4, 6))
        assert torch.equal(response.seed(0.5), dataset[i]['data_samples'].gt_seg_map)
    assert metrics['cam/mIoU'] == 100


def test_store_hook_refuses_to_mix_runs(tmp_path):
    CAMStore.create(tmp_path / 'store', CLASSES).write(
        ResponseMap(torch.ones(1, 2, 2), [2], (4, 4), 'a/0')
    )
    hook = CAMStoreHook(str(tmp_path / 'store'))
    with pytest.raises(ValueError, match='already holds response maps'):
        run_test(tmp_path, [hook])
    (tmp_path / 'again').mkdir()
    run_test(tmp_path / 'again', [CAMStoreHook(str(tmp_path / 'store'), resume=True)])
    store = CAMStore.open(tmp_path / 'store')
    assert len(store) == 5
    assert store.read('a/0').classes.tolist() == [0]


def test_store_hook_names_a_store_of_other_classes(tmp_path):
    CAMStore.create(tmp_path / 'store', ('horse',))
    with pytest.raises(ValueError, match='horse'):
        run_test(tmp_path, [CAMStoreHook(str(tmp_path / 'store'))])


def test_visualization_hook_draws_the_first_images(tmp_path):
    hook = {'type': 'CAMVisualizationHook', 'out_dir': str(tmp_path / 'vis'), 'max_images': 3}
    run_test(tmp_path, [hook])
    files = sorted(
        path.relative_to(tmp_path).as_posix() for path in (tmp_path / 'vis').rglob('*.*')
    )
    assert files == ['vis/a/0.jpg', 'vis/a/1.jpg', 'vis/a/2.jpg']
    with Image.open(tmp_path / 'vis/a/1.jpg') as image:
        panel = np.asarray(image).astype(int)
    for colour in [(40, 10, 90), (0, 128, 0)]:  # the photo and class 1 of the mask
        assert (abs(panel - colour).max(2) <= 6).sum() > 5000


def test_visualization_shares_the_images_among_processes(tmp_path, monkeypatch):
    hook = CAMVisualizationHook(str(tmp_path / 'vis'), max_images=3)
    drawn = []
    monkeypatch.setattr(hook, '_write', lambda sample, metainfo: drawn.append(sample))
    monkeypatch.setattr('mmwsss.engine.hooks.cam_visualization.get_dist_info', lambda: (1, 2))
    dataset = Images(tmp_path)

    class FakeRunner:
        class test_dataloader:
            dataset = Images

    hook.before_test(FakeRunner)
    hook.after_test_iter(FakeRunner, 0, None, [1, 3])
    hook.after_test_iter(FakeRunner, 1, None, [5])
    assert len(dataset) == 5
    assert drawn == [1]  # this process has images 1, 3, 5


def test_panel_without_truth_or_classes(tmp_path):
    hook = CAMVisualizationHook(str(tmp_path))
    image = np.full((*SHAPE, 3), 200, np.uint8)
    response = ResponseMap(torch.zeros(0, 2, 3), [], SHAPE, 'x')
    alone = hook.draw(image, response, None, {'classes': CLASSES})
    truth = np.full(SHAPE, 1, np.uint8)
    both = hook.draw(image, response, truth, {'classes': CLASSES, 'palette': [(9, 200, 9)]})
    assert both.shape[1] == alone.shape[1] + hook.tile_width + 8
    assert (both == (9, 200, 9)).all(2).sum() > 320 * 200
    assert not (alone == (9, 200, 9)).all(2).any()


def test_hostile_names_are_refused(tmp_path):
    hook = CAMVisualizationHook(str(tmp_path / 'vis'))
    sample = DataSample(metainfo={'img_id': '../x', 'img_path': 'x', 'ori_shape': SHAPE})
    sample.cam, sample.cam_classes = torch.zeros(1, 2, 3), torch.tensor([0])
    with pytest.raises(ValueError, match='img_id'):
        hook._write(sample, {'classes': CLASSES})


def test_hooks_are_registered():
    assert HOOKS.get('CAMStoreHook') is CAMStoreHook
    assert HOOKS.get('CAMVisualizationHook') is CAMVisualizationHook
