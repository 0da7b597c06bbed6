"""What a pipeline's check finds in stages that would run hours later; it trains nothing."""

import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from PIL import Image
from repo import TOOLS

from mmwsss.datasets import DataError
from mmwsss.pipeline.check import _NoRandomWeights
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.pipeline.shipped import SHIPPED

CLASSES = ('cat', 'dog')
COMMON = """
custom_imports = dict(imports=['mmwsss'], allow_failed_imports=False)
backbone = dict(depth=18, stem_channels=8, base_channels=8, out_indices=(1, 2, 3))
tagged = dict(data_root={root!r}, ann_file='split.txt', label_file='image_labels.json',
              data_prefix=dict(img_path='images'), serialize_data=False)
masked = dict(data_root={root!r}, ann_file='split.txt', metainfo=dict(classes=('cat', 'dog')),
              data_prefix=dict(img_path='images', seg_map_path='masks'), serialize_data=False)
"""
CLASSIFIER = """
default_scope = 'mmwsss'
dataset = dict(type='ImageLevelDataset', **tagged)
model = dict(
    type='CAMClassifier',
    data_preprocessor=dict(type='CAMDataPreprocessor', num_classes=2, mean=[0] * 3, std=[1] * 3),
    backbone=dict(backbone, type='mmpretrain.ResNet', out_indices=(3,),
                  init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18')),
    head=dict(type='CAMHead', num_classes=2, in_channels=64))
train_dataloader = dict(batch_size=6, dataset=dataset)
test_dataloader = dict(dataset=dataset)
test_evaluator = dict(type='CAMMetric')
"""
AFFINITYNET = """
default_scope = 'mmwsss'
label_dataset = dict(type='ImageLevelDataset', **tagged)
affinity_labels = dict(foreground=dict(alpha=4), crf=dict(), mask_dir={root!r} + 'masks')
model = dict(
    type='AffinityNet', data_preprocessor=dict(mean=[0] * 3, std=[1] * 3),
    backbone=dict(backbone, type='mmpretrain.ResNet'),
    head=dict(type='AffinityHead', in_channels=(16, 32, 64), channels=(4, 4, 8), radius=3,
              stride=8, loss=dict(type='AffinityLoss')))
train_dataloader = dict(
    batch_size=6, dataset=dict(type='AffinityDataset', affinity_dir='not/yet', **tagged))
pseudo_labels = dict(background=dict(alpha=4), refiner=dict(type='RandomWalkRefiner', t=2))
"""
SEGMENTOR = """
default_scope = 'mmseg'
model = dict(
    type='mmwsss.MultiScaleEncoderDecoder', data_preprocessor=dict(type='SegDataPreProcessor'),
    backbone=dict(backbone, type='ResNet', out_indices=(3,)),
    decode_head=dict(type='mmwsss.DeepLabV2Head', in_channels=64, num_classes=3),
    train_cfg=dict(), test_cfg=dict(mode='whole'))
train_dataloader = dict(
    batch_size=6, dataset=dict(type='mmwsss.PseudoLabelDataset', label_dir='not/yet', **masked))
test_dataloader = dict(dataset=dict(type='mmwsss.PseudoLabelDataset', **masked))
test_evaluator = [dict(type='mmwsss.MaskIoUMetric')]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two images with tags and masks, and the configs of a small pipeline."""
    for folder in ('images', 'masks'):
        (tmp_path / folder).mkdir()
    for name in ('a', 'b'):
        Image.new('RGB', (8, 6)).save(tmp_path / f'images/{name}.jpg')
        Image.new('L', (8, 6), 1).save(tmp_path / f'masks/{name}.png')
    (tmp_path / 'split.txt').write_text('a\nb\n')
    tags = {'classes': CLASSES, 'labels': {'a': ['cat'], 'b': ['dog']}}
    (tmp_path / 'image_labels.json').write_text(json.dumps(tags))
    configs = dict(classifier=CLASSIFIER, affinitynet=AFFINITYNET, segmentor=SEGMENTOR)
    for name, text in configs.items():
        (tmp_path / f'{name}.py').write_text((COMMON + text).format(root=f'{tmp_path}/'))
    return tmp_path


def pipeline(root: Path, stages: dict | None = None, report: dict | None = None) -> Pipeline:
    """The whole way, some stages with other settings."""
    configs = {name: str(root / f'{name}.py') for name in ('classifier', 'affinitynet')}
    labels = dict(config='affinitynet')
    tool = {
        'classifier': dict(tool='train', config='classifier'),
        'cams': dict(tool='test', config='classifier', checkpoint='classifier'),
        'affinity_labels': dict(
            labels, tool='affinity_labels', inputs={'affinity_labels.cam_store': 'cams'}
        ),
        'affinitynet': dict(
            labels,
            tool='train',
            inputs={'train_dataloader.dataset.affinity_dir': 'affinity_labels'},
        ),
        'pseudo_labels': dict(
            labels,
            tool='pseudo_labels',
            checkpoint='affinitynet',
            inputs={'pseudo_labels.cam_store': 'cams'},
        ),
        'segmentor': dict(
            tool='train',
            config='segmentor',
            inputs={'train_dataloader.dataset.label_dir': 'pseudo_labels'},
        ),
        'test': dict(tool='test', config='segmentor', checkpoint='segmentor'),
    }
    for name, changes in (stages or {}).items():
        tool[name] = None if changes is None else {**tool[name], **changes}
    dataset = dict(Config.fromfile(configs['affinitynet']).label_dataset)
    shown = dict(columns={'CAM': 'cams', 'label': 'pseudo_labels'}, bars=['test'], dataset=dataset)
    configs['segmentor'] = str(root / 'segmentor.py')
    cfg = dict(
        configs=configs, stages=tool, work_dir=str(root / 'w'), report=shown | (report or {})
    )
    return Pipeline.from_config(Config(cfg))


def test_a_sound_pipeline_passes_without_weights_or_outputs(root, monkeypatch):
    monkeypatch.setattr(CheckpointLoader, 'load_checkpoint', None)  # nothing is loaded
    whole = pipeline(root)
    whole.check()
    whole.check(decode=True)
    assert not (root / 'w').exists()


def test_all_stages_that_need_a_missing_library_are_named(root, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pydensecrf', None)
    crf = {'test_evaluator.0.type': 'mmwsss.CRFIoUMetric'}
    labels = {'pseudo_labels.refiner': dict(type='CRFRefiner', _delete_=True)}
    whole = pipeline(
        root,
        {
            'pseudo_labels': dict(cfg_options=labels, checkpoint=None),
            'test': dict(cfg_options=crf),
        },
    )
    with pytest.raises(ImportError, match='the dense CRF needs pydensecrf: ') as failure:
        whole.check()
    stages = str(failure.value).partition(': ')[0].replace("'", '').split(', ')
    assert stages == ['stage affinity_labels', 'stage pseudo_labels', 'stage test']
    assert len(str(failure.value).splitlines()) == 1
    # Without those stages the rest can be run.
    whole.check(['classifier', 'cams'])


def test_masks_need_not_be_measured(root):
    writes = [dict(type='mmwsss.MaskIoUMetric', format_only=True)]
    pipeline(root, {'test': dict(cfg_options=dict(test_evaluator=writes))}).check()
    assert not (root / 'w').exists()


REVERSED = dict(metainfo=dict(classes=('dog', 'cat')))


@pytest.mark.parametrize(
    ('stage', 'options', 'message'),
    [
        ('affinity_labels', {'affinity_labels.crf': dict(settings='nonsense')}, 'nonsense'),
        ('affinity_labels', {'affinity_labels.foreground.alpha': -4}, 'alpha must be positive'),
        ('affinity_labels', {'affinity_labels.mask_dir': '/nope'}, '/nope: no mask of any image'),
        (
            'pseudo_labels',
            {'pseudo_labels.background': dict(_delete_=True, alpa=4)},
            "unexpected keyword argument 'alpa'",
        ),
        ('pseudo_labels', {'pseudo_labels.ignore_bellow': 0.7}, "no setting 'ignore_bellow'"),
        ('pseudo_labels', {'pseudo_labels.mask_dir': '/nope'}, '/nope: no mask of any image'),
        ('pseudo_labels', {'pseudo_labels.refiner.type': 'Guess'}, 'Guess is not in'),
        ('pseudo_labels', {'model.head.radios': 3}, 'radios'),
        ('classifier', {'model.backbone.init_cfg.checkpoint': '/no.pth'}, 'no file /no.pth'),
        ('classifier', {'default_scope.x': 1}, 'cfg_options: .*default_scope'),
        ('cams', {'test_evaluator.type': 'CAMMetrics'}, 'CAMMetrics is not in'),
        ('segmentor', {'model.decode_head.type': 'NoSuchHead'}, 'NoSuchHead is not in'),
        ('segmentor', {'load_from': '/no.pth'}, 'no file /no.pth'),
        (
            'segmentor',
            {'train_dataloader.dataset': REVERSED},
            "class 0 is dog, but cat for stage 'classifier'; give all stages the same",
        ),
        ('test', {'test_dataloader.dataset': REVERSED}, 'class 0 is dog, but cat'),
        ('test', {'model.decode_head.num_classes': 4}, r'model\.decode_head\.num_classes is 4'),
    ],
)
def test_what_would_fail_later_is_told_with_its_stage(root, stage, options, message):
    whole = pipeline(root, {stage: dict(cfg_options=options)})
    with pytest.raises((ValueError, OSError), match=rf"(?s)stage '{stage}'.*{message}"):
        whole.check()


def test_a_batch_that_processes_cannot_share_is_told(root):
    whole = pipeline(root, {'segmentor': dict(cfg_options={'train_dataloader.batch_size': 10})})
    replace(whole, launcher='pytorch', processes=2).check()
    replace(whole, processes=4).check()  # without a launcher there is one
    message = r"stage 'segmentor': a batch of 10 images cannot be divided among 3 processes"
    with pytest.raises(ValueError, match=message):
        replace(whole, launcher='slurm', processes=3).check()


def test_weights_that_another_stage_makes_need_not_be_there(root):
    options = {'load_from': '/no.pth', 'model.backbone.init_cfg': dict(checkpoint='/none.pth')}
    inputs = {
        'load_from': 'classifier',
        'model.backbone.init_cfg.checkpoint': 'classifier',
        'train_dataloader.dataset.label_dir': 'pseudo_labels',
    }
    pipeline(root, {'segmentor': dict(cfg_options=options, inputs=inputs)}).check()


def test_only_the_stages_that_will_run_are_checked(root):
    options = {'model.backbone.init_cfg': dict(checkpoint='/none.pth')}
    whole = pipeline(root, {'segmentor': dict(cfg_options=options)})
    whole.check(['classifier', 'cams'])
    with pytest.raises(FileNotFoundError, match=r"stage 'segmentor': there is no file /none\.pth"):
        whole.check(['segmentor', 'test'])


def test_a_label_file_of_other_classes_is_told(root):
    tags = {'classes': CLASSES[::-1], 'labels': {'a': ['cat'], 'b': ['dog']}}
    (root / 'others.json').write_text(json.dumps(tags))
    # AffinityNet's dataset, whose labels are not there yet, knows its classes by its label file.
    options = {'train_dataloader.dataset.label_file': 'others.json'}
    whole = pipeline(root, {'affinitynet': dict(cfg_options=options)})
    with pytest.raises(DataError, match="stage 'affinitynet': class 0 is dog"):
        whole.check()


def test_faults_of_several_stages_are_told_together(root):
    others = {'test_dataloader.dataset.ann_file': 'none.txt'}
    (root / 'none.txt').write_text('a\nc\n')
    stages = {name: dict(cfg_options=others) for name in ('cams', 'test')}
    with pytest.raises(DataError, match=r"(?s)2 faults.*stage 'cams'.*stage 'test'"):
        pipeline(root, stages).check()


def test_a_walk_needs_a_checkpoint(root):
    with pytest.raises(ValueError, match=r"stage 'pseudo_labels'.*needs a trained AffinityNet"):
        pipeline(root, {'pseudo_labels': dict(checkpoint=None)}).check()


def test_a_test_needs_a_checkpoint(root):
    with pytest.raises(ValueError, match="stage 'test': a test needs checkpoint"):
        pipeline(root, {'test': dict(checkpoint=None)}).check()


@pytest.mark.parametrize(
    ('report', 'message'),
    [
        (dict(columns={'x': 'walks'}), "report: no stage 'walks'; there are classifier, cams"),
        (dict(bars=['walks']), "report: no stage 'walks'"),
        (dict(images=0), 'report: images is 0; set a whole number of at least 1'),
        (dict(columns={'x': 'segmentor'}), "'x' is stage 'segmentor', which leaves a checkpoint"),
        (dict(dataset=dict(type='Imagelevel')), 'report: .*Imagelevel'),
    ],
)
def test_the_report_names_stages_and_a_dataset(root, report, message):
    with pytest.raises(ValueError, match=message):
        pipeline(root, report=report).check()


def test_the_report_may_name_stages_that_the_pipeline_leaves_out(root):
    whole = pipeline(root, {'test': None}, dict(columns={'prediction': 'test', 'CAM': 'cams'}))
    whole.check()
    assert whole.report['columns'] == {'CAM': 'cams'} and whole.report['bars'] == []


def test_no_random_weights_are_drawn():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    with _NoRandomWeights():
        layer = torch.nn.Conv2d(3, 8, 3)
        torch.nn.init.kaiming_normal_(layer.weight)
        torch.nn.init.xavier_uniform_(layer.weight)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert layer.weight.shape == (8, 3, 3, 3)


@pytest.mark.parametrize('stage', ['classifier', 'affinitynet', 'segmentor'])
def test_fewer_images_than_a_batch_are_told_for_every_training(root: Path, stage: str) -> None:
    loader = dict(train_dataloader=dict(drop_last=True, batch_size=3))
    with pytest.raises(DataError, match=f"'{stage}': train_dataloader: 2 images are fewer than a"):
        pipeline(root, {stage: dict(cfg_options=loader)}).check()
    loader['train_dataloader']['batch_size'] = 2
    pipeline(root, {stage: dict(cfg_options=loader)}).check()
    with pytest.raises(DataError, match='1 images are fewer than a batch of 2'):
        loader['train_dataloader']['batch_size'] = 4  # of two processes, each with one image
        many = pipeline(root, {stage: dict(cfg_options=loader)})
        replace(many, launcher='pytorch', processes=2).check()


@pytest.mark.parametrize('stage', ['classifier', 'cams', 'affinitynet', 'test'])
def test_persistent_workers_without_workers_are_told_for_every_stage(
    root: Path, stage: str
) -> None:
    loader = 'test_dataloader' if stage in ('cams', 'test') else 'train_dataloader'
    options = {loader: dict(num_workers=0, persistent_workers=True)}
    with pytest.raises(DataError, match=f"'{stage}': {loader}: num_workers=0 with persistent"):
        pipeline(root, {stage: dict(cfg_options=options)}).check()


def test_own_classes_that_nothing_reads_are_told(root: Path) -> None:
    options = dict(own_classes=['cat', 'cow'])
    with pytest.raises(DataError, match="'classifier' has the classes cat, dog; write own_classes"):
        pipeline(root, {'classifier': dict(cfg_options=options)}).check()


def test_masks_of_0_and_255_are_told_where_they_are_decoded(root: Path) -> None:
    for name in 'ab':
        Image.new('L', (8, 6), 255).save(root / f'masks/{name}.png')
    pipeline(root).check()
    with pytest.raises(DataError) as error:
        pipeline(root).check(decode=True)
    assert str(error.value).count('none of 2 masks shows a class') == 2  # of a test, of labels


def test_every_stage_takes_the_images_its_own_way(root: Path) -> None:
    fails = [dict(type='LoadImage'), dict(type='RandomPad', size=4, pad_value=(0, 0, 0))]
    options = dict(test_dataloader=dict(dataset=dict(pipeline=fails)))
    chosen = pipeline(root, {'cams': dict(cfg_options=options)})
    chosen.check()
    with pytest.raises(DataError, match=r'a\.jpg: the transforms of the dataset fail'):
        chosen.check(decode=True)


def test_the_check_of_data_takes_the_config_of_a_pipeline(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    tool = runpy.run_path(str(TOOLS / 'check_data.py'))
    chosen = pipeline(root)
    monkeypatch.setattr(Pipeline, 'from_config', lambda cfg: chosen)
    (root / 'pipeline.py').write_text('stages = dict()\n')
    monkeypatch.setattr(sys, 'argv', ['check_data.py', str(root / 'pipeline.py')])
    assert tool['main']() == 0
    assert '0 fault(s), ' in capsys.readouterr().out
    (root / 'images/b.jpg').write_bytes(b'')
    assert tool['main']() == 1
    assert 'b.jpg: unreadable image' in capsys.readouterr().err
    (root / 'split.txt').write_text('')
    assert tool['main']() == 1
    assert 'split.txt: the split is empty' in capsys.readouterr().err


@pytest.mark.parametrize('held_out', [False, True])
def test_without_a_val_split_its_stages_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held_out: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'data/custom').mkdir(parents=True)
    if held_out:
        (tmp_path / 'data/custom/val.txt').write_text('a\n')
    cfg = Config.fromfile(SHIPPED / 'configs/pipelines/pipeline_mixup-cam_custom.py')
    own = Pipeline.from_config(cfg)
    of_val = {'cams_val', 'pseudo_labels_val', 'test'}
    assert of_val & own.stages.keys() == (of_val if held_out else set())
    assert {'classifier', 'cams', 'pseudo_labels', 'segmentor'} <= own.stages.keys()
    assert own.report is not None
    assert own.report['dataset']['ann_file'] == ('val.txt' if held_out else 'train.txt')
    assert set(own.report['columns'].values()) <= own.stages.keys()
    assert len(own.report['columns']) == (3 if held_out else 2)
