"""Clustering by several processes, and what they share."""

import time
from datetime import timedelta

import pytest
import torch
from mmengine.registry import DefaultScope
from sub_category_runs import config, train, train_given, untrained, write_data

from mmwsss.engine.sub_categories import features as sub_category_features
from mmwsss.engine.sub_categories.features import (
    extract_features,
    feature_loader,
    share_buffers,
)
from mmwsss.registry import CLUSTERERS, DATASETS, MODELS
from mmwsss.structures import DataError


@CLUSTERERS.register_module()
class FailingClusterer:
    """Finds no clusters."""

    def __call__(self, rows, num_clusters, seed):
        raise ValueError('no clusters found')


TIMEOUT = 120  # of the backend, seconds
pytestmark = pytest.mark.usefixtures('small_runs')


@pytest.fixture
def data(tmp_path):
    return write_data(tmp_path)


def normed_features(data, shift):
    """Features of a model whose batch normalisation saw other images, by ``shift``."""
    cfg = config(data, data, backbone=dict(norm=True))
    torch.manual_seed(0)
    model = MODELS.build(cfg['model'])
    model.backbone.norm.running_mean += shift
    loader = feature_loader(DATASETS.build(cfg['train_dataloader']['dataset']), None, 4, 0)
    rows = extract_features(model, loader, 'pre_logits', torch.float32)
    return None if rows is None else torch.from_numpy(rows)


def cluster_in_one_of_two(rank, data):
    torch.set_num_threads(1)
    sub_category_features._CHUNK = 4  # several exchanges, the last one not full
    torch.distributed.init_process_group(
        'gloo',
        init_method=f'file://{data}/rendezvous',
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=TIMEOUT),
    )
    with DefaultScope.overwrite_default_scope('mmwsss'):
        runner = train_given(data, data / 'two')
        features = normed_features(data, shift=rank)
        hook = dict(rounds=1, epochs=(0, 1), clusterer=dict(type='FailingClusterer'))
        with pytest.raises((ValueError, RuntimeError), match='no clusters found') as error:
            train(data, data / 'failing', hook=hook, max_epochs=1,
                  load_from=str(data / 'untrained.pth'))  # fmt: skip
    assert error.type is (RuntimeError if rank else ValueError)
    # Only the share of rank 1 has an image that cannot be read.
    with DefaultScope.overwrite_default_scope('mmwsss'):
        begin = time.monotonic()
        with pytest.raises((DataError, RuntimeError), match=r'p01\.png: unreadable image') as error:
            normed_features(data / 'damaged', shift=0)
        assert time.monotonic() - begin < TIMEOUT / 2, 'waited for the other process'
    assert error.type is (DataError if rank else RuntimeError)
    torch.save((runner.model.head.assignments, features), data / f'rank_{rank}.pth')
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_cluster_as_one(data):
    untrained(data)
    alone = train_given(data, data / 'one').model.head.assignments
    assert alone.max() == 2
    (data / 'damaged').mkdir()
    (write_data(data / 'damaged') / 'images/p01.png').write_bytes(b'no image')
    torch.multiprocessing.spawn(cluster_in_one_of_two, (data,), nprocs=2)
    of_main, of_other = (torch.load(data / f'rank_{rank}.pth') for rank in range(2))
    torch.testing.assert_close(of_main[0], alone)
    torch.testing.assert_close(of_other[0], alone)
    torch.testing.assert_close(of_main[1], normed_features(data, shift=0))
    assert of_other[1] is None


def test_buffers_of_checkpoints_are_shared_and_no_others(data, monkeypatch):
    model = MODELS.build(config(data, data, backbone=dict(norm=True))['model'])
    before = {name: value.clone() for name, value in model.named_parameters()}
    parents = model.head._parent.clone()
    monkeypatch.setattr(sub_category_features, 'broadcast', lambda tensor: tensor.fill_(3))
    share_buffers(model)
    norm = model.backbone.norm
    assert (norm.running_mean == 3).all() and (norm.running_var == 3).all()
    assert norm.num_batches_tracked == 3
    for name, value in model.named_parameters():
        torch.testing.assert_close(value, before[name])
    torch.testing.assert_close(model.head._parent, parents)  # not in checkpoints


def test_fewer_images_than_processes_are_refused(data, monkeypatch):
    cfg = config(data, data)
    loader = feature_loader(DATASETS.build(cfg['train_dataloader']['dataset']), None, 4, 0)
    monkeypatch.setattr(type(loader.sampler), '__len__', lambda sampler: 0)
    with pytest.raises(ValueError, match='start fewer processes'):
        extract_features(MODELS.build(cfg['model']), loader, 'pre_logits', torch.float32)
