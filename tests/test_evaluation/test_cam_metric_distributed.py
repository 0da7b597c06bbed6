"""CAMMetric over two real processes."""

import json

import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmpretrain.structures import DataSample

from mmwsss.evaluation import CAMMetric

SIZE = 5


def make_sample(seed: int) -> dict:
    generator = torch.Generator().manual_seed(seed)
    sample = DataSample(metainfo={'img_id': str(seed), 'ori_shape': (20, 30)})
    sample.cam = torch.rand(2, 5, 7, generator=generator)
    sample.cam_classes = torch.tensor([0, 1 + seed % 2])
    sample.gt_seg_map = torch.randint(0, 4, (20, 30), generator=generator).to(torch.uint8)
    return sample.to_dict()


def evaluate(indices) -> dict:
    metric = CAMMetric()
    metric.dataset_meta = {'classes': ('cat', 'dog', 'cow')}
    for i in indices:
        metric.process(None, [make_sample(i)])
    return metric.evaluate(SIZE)


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2
    )
    indices = list(DefaultSampler(range(SIZE), shuffle=False))
    assert len(indices) == 3  # 5 images padded to 6
    with open(f'{folder}/{rank}.json', 'w') as file:
        json.dump(evaluate(indices), file)
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    torch.multiprocessing.spawn(work, (str(tmp_path),), nprocs=2)
    alone = evaluate(range(SIZE))
    for rank in range(2):
        assert json.loads((tmp_path / f'{rank}.json').read_text()) == alone
