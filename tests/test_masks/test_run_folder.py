"""The folder of ``mmwsss masks``: lists of images, configs, and what it refuses."""

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from PIL import Image

from mmwsss.datasets.converters.photo_set import PhotoSet
from mmwsss.masks.corrected_photos import correct_photos, corrected_split
from mmwsss.masks.corrections import Correction, Corrections
from mmwsss.masks.photo_index import Photo, PhotoIndex
from mmwsss.masks.run_folder import RunFolder
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.pipeline.records import Dependencies
from mmwsss.structures import DataError

LABELS = {'a.jpg': ('cat',), 'b.jpg': ('dog', 'cat'), 'c.jpg': (), 'd.jpg': ('dog',)}


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / 'run')


def photos(tmp_path) -> PhotoSet:
    (tmp_path / 'photos').mkdir(exist_ok=True)
    for key in (*LABELS, 'e.jpg'):
        Image.new('RGB', (4, 4)).save(tmp_path / 'photos' / key)
    return PhotoSet(tmp_path / 'photos', 'CSV', ('cat', 'dog'), LABELS, ('e.jpg',))


def lines(folder, name: str) -> list[str]:
    return (folder.data / f'{name}.txt').read_text().split()


@pytest.mark.parametrize(('label_negatives', 'negatives'), [(True, ['c.jpg']), (False, [])])
def test_lists_hold_negatives_where_they_are_wanted(folder, tmp_path, label_negatives, negatives):
    split = photos(tmp_path).split(0.0, 0)
    folder.write_dataset(photos(tmp_path), split, label_negatives)
    assert sorted(lines(folder, 'train')) == sorted(LABELS)
    assert sorted(lines(folder, 'labelled')) == sorted(['a.jpg', 'b.jpg', 'd.jpg', *negatives])
    assert lines(folder, 'predicted')[-1] == 'e.jpg'


def test_configs_resolve_to_the_classes_and_photos(folder, tmp_path):
    folder.write_dataset(photos(tmp_path), photos(tmp_path).split(0.0, 0), True)
    folder.write_config("_base_ = './dataset.py'\nseed = 5\n", 'quick', False)
    cfg = Config.fromfile(folder.config)
    options = cfg.stages.segmentor.cfg_options
    assert cfg.seed == 5 and cfg.work_dir == str(folder.stages)
    assert options.model.decode_head.num_classes == 3
    assert options.train_dataloader.dataset.data_prefix.img_path == str(tmp_path / 'photos')


def test_an_edited_config_stays(folder):
    assert folder.write_config('seed = 0\n', 'quick', False)
    assert folder.write_config('seed = 1\n', 'best', False)
    folder.config.write_text('seed = 7\n')
    assert not folder.write_config('seed = 2\n', 'best', False)
    assert folder.config.read_text() == 'seed = 7\n' and folder.quality() == 'best'
    with pytest.raises(DataError, match='was edited'):
        folder.write_config('seed = 2\n', 'quick', True)


def test_a_folder_of_something_else_is_refused(folder, tmp_path):
    folder.path.mkdir()
    (folder.path / 'thesis.doc').touch()
    with pytest.raises(DataError, match='holds other files'):
        folder.check(tmp_path / 'photos')


def test_a_folder_among_the_photos_is_refused(tmp_path):
    with pytest.raises(DataError, match='lies among the images'):
        RunFolder(tmp_path / 'photos' / 'out').check(tmp_path / 'photos')


def test_a_file_is_refused(tmp_path):
    Path(tmp_path, 'file').touch()
    with pytest.raises(DataError, match='a file, not a folder'):
        RunFolder(tmp_path / 'file').check(tmp_path / 'photos')


def test_segmentor_alone_does_not_learn_from_bad_masks(folder, tmp_path):
    split = photos(tmp_path).split(0.0, 0)
    learned = folder.write_dataset(photos(tmp_path), split, True, {'a.jpg'})
    assert sorted(learned) == sorted(lines(folder, 'learned')) == ['b.jpg', 'c.jpg', 'd.jpg']
    assert sorted(lines(folder, 'labelled')) == sorted(LABELS)
    folder.write_config("_base_ = './dataset.py'\n", 'quick', False)
    cfg = Config.fromfile(folder.config)
    files = {
        name: (options.get('train_dataloader') or {}).get('dataset', {}).get('ann_file')
        for name, options in ((name, stage.cfg_options) for name, stage in cfg.stages.items())
    }
    assert files['segmentor'] == 'learned.txt'
    assert files['classifier'] == 'train.txt' and files['affinitynet'] == 'labelled.txt'


def test_a_bad_mask_changes_what_the_segmentor_reads_and_nothing_else(folder, tmp_path):
    def read() -> dict[str, Dependencies]:
        stages = Pipeline.from_config(Config.fromfile(folder.config)).stages
        done = defaultdict(lambda: SimpleNamespace(output_fingerprint=''))
        return {
            name: stage.dependencies(stage.load_config(0), 0, done)
            for name, stage in stages.items()
        }

    given = photos(tmp_path)
    split = given.split(0.0, 0)
    folder.write_config("_base_ = './dataset.py'\n", 'quick', False)
    folder.write_dataset(given, split, True)
    before = read()
    folder.write_dataset(given, split, True, {'a.jpg'})
    now = read()
    changed = {name: before[name].changes(now[name]) for name in now}
    assert {name for name, files in changed.items() if files} == {'segmentor'}
    assert changed['segmentor'] == [str(folder.data / 'learned.txt')]


def test_bad_masks_alone_are_refused(folder, tmp_path):
    split = photos(tmp_path).split(0.0, 0)
    with pytest.raises(DataError, match=r'corrections\.json: every mask is bad'):
        folder.write_dataset(photos(tmp_path), split, True, set(LABELS))


def test_index_of_photos_reads_as_it_was_written(folder, tmp_path):
    given = photos(tmp_path)
    corrections = Corrections({'a.jpg': Correction(('dog',)), 'e.jpg': Correction(())})
    corrected = correct_photos(corrections, given)
    split = corrected_split(given, corrected, 0.4, 0)
    index = PhotoIndex.collect(given, split, ['a.jpg'], {'a.jpg', 'e.jpg'})
    index.write(folder.photo_index)
    assert PhotoIndex.read(folder.photo_index) == index
    assert index.photos['a.jpg'] == Photo(['cat'], ['dog'], 'held out', True, False)
    assert index.photos['e.jpg'] == Photo(None, [], 'train', False, True)
    assert [key for key, photo in index.photos.items() if photo.split == 'held out'] == [*split.val]


@pytest.mark.parametrize(
    'text', [None, '{', '[]', '{"format": "x", "version": 1}', '{"format": "mmwsss photos"}']
)
def test_index_of_another_run_is_refused(folder, text):
    if text is not None:
        folder.data.mkdir(parents=True)
        folder.photo_index.write_text(text)
    with pytest.raises(
        (DataError, FileNotFoundError), match=r'photos\.json: .*run `mmwsss masks` to its end'
    ):
        PhotoIndex.read(folder.photo_index)


def test_photos_are_decoded_again_only_where_something_changed(folder, tmp_path):
    set_of = photos(tmp_path)

    def state() -> str:
        folder.write_dataset(set_of, set_of.split(0.0, 0), True)
        folder.write_config('seed = 0\n', 'quick', False)
        return folder.state(set_of.root)

    first = state()
    assert not folder.was_checked(first)
    folder.mark_checked(first)
    assert folder.was_checked(state()) and folder.quality() == 'quick'
    Image.new('RGB', (5, 4)).save(set_of.root / 'a.jpg')
    assert not folder.was_checked(state())
