"""Settings that depend on each other."""

import unicodedata
from pathlib import Path

import pytest
from mmengine.config import Config
from torch.utils.data import DataLoader

from mmwsss.cli.runner import check_run
from mmwsss.datasets.settings_check import (
    check_batch,
    check_own_classes,
    check_settings,
    check_workers,
    compare_classes,
)

CLASSES = ('bird', 'cat', 'dog')
BOTH = ('train_dataloader', 'val_dataloader')


def config_of(root: Path, **loader) -> Config:
    dataset = dict(
        type='ImageLevelDataset',
        data_root=str(root),
        label_file='labels.txt',
        metainfo=dict(classes=CLASSES),
    )
    loader = dict(batch_size=2, num_workers=0, dataset=dataset) | loader
    model = dict(data_preprocessor=dict(num_classes=3), head=dict(num_classes=3))
    return Config(dict(train_dataloader=loader, val_dataloader=dict(dataset=dataset), model=model))


def test_settings_that_fit_are_no_fault(voc_root):
    assert check_settings(config_of(voc_root, drop_last=True), BOTH) == []
    assert check_settings(config_of(voc_root, drop_last=True, batch_size=3), BOTH) == []
    assert check_settings(Config(dict(val_dataloader=None)), BOTH) == []


def test_fewer_images_than_a_batch(voc_root):
    (fault,) = check_settings(config_of(voc_root, drop_last=True, batch_size=16), BOTH)
    assert fault.startswith(
        'train_dataloader: 3 images are fewer than a batch of 16, and drop_last'
    )
    assert 'set batch_size to 3 or less' in fault
    assert check_settings(config_of(voc_root, batch_size=16), BOTH) == []
    endless = dict(type='mmwsss.SeededInfiniteSampler')
    assert (
        check_settings(config_of(voc_root, drop_last=True, batch_size=16, sampler=endless), BOTH)
        == []
    )


@pytest.mark.parametrize(
    ('processes', 'batch', 'fits'), [(1, 5, True), (2, 3, True), (2, 4, False)]
)
def test_processes_share_the_images(processes, batch, fits):
    loader = dict(batch_size=batch, drop_last=True)
    assert (check_batch(range(5), loader, 'train', processes) == []) == fits


@pytest.mark.parametrize('key', ['persistent_workers', 'prefetch_factor'])
@pytest.mark.parametrize('num_workers', [0, 1])
def test_what_needs_worker_processes_is_refused_as_pytorch_does(key, num_workers):
    settings = dict(num_workers=num_workers, **{key: 2})
    faults = check_workers(settings, 'val_dataloader')
    try:
        DataLoader([1], **settings)
    except ValueError:
        (fault,) = faults
        assert fault.startswith(f'val_dataloader: num_workers=0 with {key}=2')
        assert f'set val_dataloader.{key}=' in fault
    else:
        assert faults == []


def test_loaders_without_workers_are_named(voc_root):
    (fault,) = check_settings(config_of(voc_root, persistent_workers=True), BOTH)
    assert 'train_dataloader: num_workers=0 with persistent_workers=True' in fault


@pytest.mark.parametrize('part', ['data_preprocessor', 'head', 'decode_head', 'auxiliary_head'])
@pytest.mark.parametrize('wrapped', [False, True])
def test_numbers_of_classes_of_data_and_model_are_compared(voc_root, part, wrapped):
    cfg = config_of(voc_root)
    model = dict(cfg.model, **{part: dict(num_classes=2)})
    cfg.model = dict(module=model) if wrapped else model
    (fault,) = check_settings(cfg, ('train_dataloader',))
    assert fault.startswith(
        f'train_dataloader: the data has 3 classes, model.{part}.num_classes is 2'
    )


def test_classes_of_train_and_val_are_compared(voc_root):
    cfg = config_of(voc_root)
    cfg.val_dataloader.dataset.metainfo = dict(classes=('bird', 'dog', 'cat'))
    (fault,) = check_settings(cfg, BOTH)
    assert fault.startswith('val_dataloader: class 1 is dog, but cat for train_dataloader')
    assert compare_classes(['a'], 'x', ['a', 'b'], 'y') == [
        'x: class 1 is missing, but b for y; give all stages the same classes in the same order'
    ]


def test_classes_given_as_a_text_are_refused(voc_root):
    cfg = config_of(voc_root, drop_last=True)
    cfg.train_dataloader.dataset.metainfo = dict(classes='cat')
    with pytest.raises(ValueError, match=r"classes is the text 'cat', not a list; in Python"):
        check_settings(cfg, BOTH)
    assert "own_classes is the text 'cat'" in check_own_classes('cat', CLASSES, 'x')[0]


def test_own_classes_that_are_set_elsewhere_are_told(voc_root):
    cfg = config_of(voc_root)
    cfg.own_classes = ['bird', 'cat', 'dog']
    assert check_settings(cfg, BOTH[:1]) == []
    cfg.own_classes = ('bird', 'cow')
    (fault,) = check_settings(cfg, BOTH[:1])
    assert fault.startswith('own_classes is bird, cow, but train_dataloader has the classes bird, ')
    assert 'configs/custom/classes.py' in fault
    assert check_own_classes(None, CLASSES, 'x') == []
    assert check_own_classes([unicodedata.normalize('NFD', 'ä')], ['ä'], 'x') == []


def test_classes_of_a_json_are_read_without_its_images(tmp_path):
    (tmp_path / 'tags.json').write_text('{"classes": ["cat"], "labels": {"absent.jpg": ["cat"]}}')
    dataset = dict(type='ImageLevelDataset', data_root=str(tmp_path), label_file='tags.json')
    cfg = Config(dict(label_dataset=dataset, own_classes=['dog']))
    (fault,) = check_settings(cfg, ('label_dataset',))
    assert 'but label_dataset has the classes cat' in fault


def test_the_tools_list_all_faults(voc_root):
    cfg = config_of(voc_root, persistent_workers=True, drop_last=True, batch_size=9)
    cfg.model.head.num_classes = 4
    with pytest.raises(ValueError, match='settings that do not fit together:') as error:
        check_run(cfg, BOTH)
    assert len(str(error.value).splitlines()) == 5  # one in each, and the number twice


@pytest.mark.parametrize(
    ('key', 'value'),
    [('batch_size', 0), ('batch_size', 'a'), ('batch_size', True), ('num_workers', -1)],
)
def test_numbers_of_a_loader_are_whole(voc_root, key, value):
    (fault,) = check_settings(config_of(voc_root, drop_last=True, **{key: value}), BOTH)
    assert fault.startswith(f'train_dataloader: {key} is {value!r}; set a whole number of at least')


@pytest.mark.parametrize('steps', [dict(max_epochs=0), dict(max_iters=-1), dict(max_epochs=1.5)])
def test_a_training_without_a_step_is_a_fault(voc_root, steps):
    cfg = config_of(voc_root)
    cfg.train_cfg = steps
    (fault,) = check_settings(cfg, BOTH)
    assert fault.startswith('train_cfg: max_') and 'at least 1' in fault
    assert check_settings(cfg, BOTH[1:]) == []
