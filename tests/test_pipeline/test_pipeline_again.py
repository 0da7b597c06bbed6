"""Which stages of a pipeline run again after a change, and which do not."""

import os
from pathlib import Path

import fake_stages
import pytest
from fake_stages import ALL, calls, edit, pipeline, run

from mmwsss.structures.fingerprints import file_fingerprint, settings_fingerprint
from mmwsss.version import __version__


@pytest.fixture
def root(tmp_path, monkeypatch):
    return fake_stages.set_up(tmp_path, monkeypatch)


def test_changed_config_repeats_what_depends_on_it(root):
    run(root)
    calls(root)
    edit(root / 'labels.py', "cam_store=''", "cam_store='', background=dict(alpha=2)")
    run(root)
    assert calls(root) == ['labels']  # the same label again: the segmentor stays


def test_changed_weights_repeat_everything_after(root):
    run(root)
    calls(root)
    edit(root / 'cam.py', 'lr=1', 'lr=3')
    records = run(root)
    assert calls(root) == ALL
    assert Path(records[-1].output).read_text() == '2 0 label by CAM of 3 0 '


def test_comments_and_order_of_a_config_do_not_count(root):
    run(root)
    calls(root)
    edit(root / 'cam.py', 'optim', '# the rate\noptim')
    run(root)
    assert calls(root) == []


def test_changed_data_repeat_the_stages_that_read_them(root):
    run(root)
    calls(root)
    (root / 'val.txt').write_text('a\nb\n')
    run(root)
    assert calls(root) == ['cams']


def test_a_work_dir_may_move(root):
    run(root)
    calls(root)
    (root / 'work').rename(root / 'elsewhere')
    records = pipeline(root, work_dir=root / 'elsewhere').run(show=lambda line: None)
    assert calls(root) == []
    assert all(Path(record.output).exists() for record in records)
    # A stage that is made again takes the outputs from the new place.
    edit(root / 'labels.py', "cam_store=''", "cam_store='', background=dict(alpha=2)")
    pipeline(root, work_dir=root / 'elsewhere').run(show=lambda line: None)
    assert calls(root) == ['labels']
    assert not (root / 'work').exists()


def test_whole_labels_belong_to_the_output(root):
    edit(root / 'labels.py', "out_dir=''", "out_dir='', whole_dir='whole'")
    labels = run(root)[2]
    assert calls(root) == ALL
    whole = root / 'work/labels/whole'
    assert (labels.masks, labels.output) == (str(whole), str(root / 'work/labels/labels'))
    (root / 'work').rename(root / 'elsewhere')
    labels = pipeline(root, work_dir=root / 'elsewhere').run(show=lambda line: None)[2]
    assert calls(root) == [] and labels.masks == str(root / 'elsewhere/labels/whole')
    (root / 'elsewhere/labels/whole/a.png').unlink()
    pipeline(root, work_dir=root / 'elsewhere').run(show=lambda line: None)
    assert calls(root) == ['labels']  # those to learn from are the same: the segmentor stays
    assert Path(labels.masks, 'a.png').is_file()


def test_seed_counts(root):
    run(root)
    calls(root)
    pipeline(root, seed=1).run(show=lambda line: None)
    assert calls(root) == ALL


@pytest.mark.parametrize('damage', ['gone', 'edited'])
def test_lost_or_edited_output_is_made_again(root, damage):
    run(root)
    calls(root)
    label = root / 'work/labels/labels/a.png'
    label.unlink() if damage == 'gone' else label.write_text('by hand')
    label.with_name('b.png').write_text('by hand too')
    run(root)
    assert calls(root) == ['labels']
    assert [file.name for file in label.parent.iterdir()] == ['a.png']


def test_new_title_is_no_reason_to_run(root):
    run(root)
    calls(root)
    edit(root / 'pipeline.py', "title='CAM'", "title='response maps', reference=48.0")
    records = run(root)
    assert calls(root) == []
    assert (records[1].title, records[1].reference) == ('response maps', 48.0)


def test_changed_weights_on_disk_repeat_the_training_that_starts_from_them(root):
    weights = root / 'imagenet.pth'
    weights.write_text('1')
    (root / 'cam.py').open('a').write(
        f'model = dict(backbone=dict(init_cfg=dict(checkpoint={str(weights)!r})))\n'
    )
    run(root)
    calls(root)
    os.utime(weights, (0, 0))
    run(root)
    assert calls(root) == []
    weights.write_text('2')
    run(root, ['cams', 'labels'])  # take trained weights
    assert calls(root) == []
    run(root)
    assert {'classifier --resume', 'segmentor --resume'} <= set(calls(root))


def test_changed_load_from_repeats_its_stage(root):
    weights = root / 'start.pth'
    weights.write_text('1')
    edit(root / 'pipeline.py', 'dict(lr=2)', f'dict(lr=2), load_from={str(weights)!r}')
    run(root)
    calls(root)
    weights.write_text('2')
    run(root)
    assert calls(root) == ['segmentor --resume']


def test_changed_masks_measure_labels_again(root):
    masks = root / 'masks'
    masks.mkdir()
    edit(root / 'labels.py', "cam_store=''", f"cam_store='', mask_dir={str(masks)!r}")
    run(root)
    calls(root)
    (masks / 'a.png').write_text('corrected')
    run(root)
    assert calls(root) == ['labels']


def test_dependencies_are_the_settings_that_are_read_the_seed_and_the_data(root):
    whole = pipeline(root)
    stage = whole.stages['classifier']
    found = stage.dependencies(stage.load_config(), 5, {})
    cfg = stage.load_config()
    assert found.settings == {
        'version': __version__,
        'tool': 'train',
        'seed': '5',
        'optim_wrapper': settings_fingerprint({'optim_wrapper': cfg.optim_wrapper}),
        'train_dataloader': settings_fingerprint({'train_dataloader': cfg.train_dataloader}),
    }
    assert found.files == {str(root / 'train.txt'): file_fingerprint(root / 'train.txt')}


def test_reason_to_run_again_is_told(root):
    run(root)
    edit(root / 'cam.py', 'lr=1', 'lr=3')
    (root / 'train.txt').write_text('b\n')
    lines = []
    pipeline(root).run(show=lines.append)
    assert lines[0].startswith(
        f'== classifier: begins again ({root}/train.txt, optim_wrapper changed), log in '
    )


def test_data_that_is_gone_is_no_reason_to_run_again(root):
    run(root)
    calls(root)
    (root / 'train.txt').unlink()
    run(root)
    assert calls(root) == []


def test_what_stands_where_an_input_will_be_does_not_count(root):
    options = 'dict(lr=2), train_dataloader=dict(dataset=dict(label_dir={!r}))'
    edit(root / 'pipeline.py', 'dict(lr=2)', options.format(str(root / 'default')))
    edit(root / 'labels.py', "out_dir=''", "out_dir='default'")
    run(root)
    calls(root)
    # As the commands for single steps do.
    (root / 'default').mkdir()
    (root / 'default/a.png').write_text('of another run')
    run(root)
    assert calls(root) == []
    edit(root / 'pipeline.py', 'default', 'elsewhere')
    edit(root / 'labels.py', "out_dir='default'", "out_dir='elsewhere'")
    run(root)
    assert calls(root) == []


@pytest.mark.parametrize(
    'setting',
    ["mask_dir = cam_store = 'x'", "log_level = 'DEBUG'", "model['test_cfg'] = dict(flip=True)"],
)
def test_settings_that_no_training_reads_train_nothing_again(root, setting):
    (root / 'cam.py').open('a').write("model = dict(type='x')\n")
    run(root)
    calls(root)
    (root / 'cam.py').open('a').write(setting + '\n')
    run(root)
    assert set(calls(root)) <= {'cams'}


def test_settings_of_another_tool_repeat_nothing(root):
    run(root)
    calls(root)
    with (root / 'cam.py').open('a') as file:
        file.write("pseudo_labels = dict(t=6)\nval_evaluator = dict(type='x')\n")
    run(root)
    assert calls(root) == []
    with (root / 'cam.py').open('a') as file:
        file.write('test_cfg = dict(fp16=True)\n')
    run(root)
    assert calls(root) == ['cams']
