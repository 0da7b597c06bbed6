"""What a person has corrected: the file, and what the next run takes from it."""

import json
from pathlib import Path

import pytest

from mmwsss.datasets.converters.photo_set import PhotoSet
from mmwsss.masks.corrected_photos import changed_tags, correct_photos, corrected_split, describe
from mmwsss.masks.corrections import Correction, Corrections
from mmwsss.structures import DataError

CLASSES = ('cat', 'dog', '<img src=x onerror=alert(1)>', "it's «כלב»")
PHOTOS = ('a.jpg', 'b/"quoted".jpg', 'c.jpg', 'd.jpg', 'e.jpg')
SEEN = '0123456789abcdef'


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / 'corrections.json'


def photo_set() -> PhotoSet:
    labels = {'a.jpg': ('cat',), 'c.jpg': ('dog', 'cat'), 'd.jpg': ('dog',), 'e.jpg': ()}
    return PhotoSet(Path('photos'), 'CSV', ('cat', 'dog'), labels, ('b/"quoted".jpg',))


def test_no_file_corrects_nothing(path):
    corrections = Corrections.read(path, PHOTOS, CLASSES)
    assert corrections == Corrections()
    assert correct_photos(corrections, photo_set()) == photo_set()


def test_file_reads_as_it_was_written(path):
    corrections = (
        Corrections()
        .corrected('b/"quoted".jpg', Correction(CLASSES[2:]))
        .corrected('a.jpg', Correction((), 'bad', SEEN))
        .corrected('c.jpg', Correction(mask='good', mask_seen=SEEN))
        .corrected('d.jpg', Correction(('cat',)))
        .corrected('d.jpg', Correction())
    )
    corrections.write(path)
    assert Corrections.read(path, PHOTOS, CLASSES) == corrections
    assert set(json.loads(path.read_bytes())['images']) == {'a.jpg', 'b/"quoted".jpg', 'c.jpg'}
    assert len(path.read_text().splitlines()) == 9 and '«כלב»' in path.read_text()
    Corrections().write(path)
    assert Corrections.read(path, PHOTOS, CLASSES) == Corrections()


@pytest.mark.parametrize(
    ('images', 'fault'),
    [
        ({'z.jpg': {}}, "'z.jpg': no such photo"),
        ({'../a.jpg': {}}, "'../a.jpg': no such photo"),
        ({'a.jpg': {'tags': ['cow']}}, "'a.jpg': unknown class 'cow'"),
        ({'a.jpg': {'tags': 'cat'}}, '"tags" is'),
        ({'a.jpg': {'tags': [1]}}, '"tags" is'),
        ({'a.jpg': {'mask': 'fine'}}, '"mask" is \'fine\''),
        ({'a.jpg': {'mask': ['bad']}}, '"mask" is'),
        ({'a.jpg': {'mask': 'bad', 'mask_seen': 'x'}}, 'not a fingerprint'),
        ({'a.jpg': {'label': 'bad'}}, 'alone, not'),
        ({'a.jpg': None}, 'alone, not None'),
        ([], 'no file of corrections'),
    ],
)
def test_a_fault_is_one_line_that_names_file_and_photo(path, images, fault):
    path.write_text(json.dumps({'format': 'mmwsss corrections', 'version': 1, 'images': images}))
    with pytest.raises(DataError, match=fault) as raised:
        Corrections.read(path, PHOTOS, CLASSES)
    assert str(path) in str(raised.value) and '\n' not in str(raised.value)


@pytest.mark.parametrize(
    ('text', 'fault'),
    [
        ('{', 'not JSON'),
        ('[]', 'no file of corrections'),
        ('{"format": "mmwsss corrections", "version": 2, "images": {}}', 'version 2'),
        ('[' * 100_000, 'not JSON'),
    ],
)
def test_another_file_is_refused(path, text, fault):
    path.write_text(text)
    with pytest.raises(DataError, match=fault):
        Corrections.read(path, PHOTOS, CLASSES)


def test_accents_match_in_either_form(path):
    path.write_text(
        '{"format": "mmwsss corrections", "version": 1, "images": {"o\u0308.jpg": {"tags": '
        '["u\u0308"]}}}'
    )
    assert Corrections.read(path, ['ö.jpg'], ['ü']).images == {'ö.jpg': Correction(('ü',))}


def test_corrected_tags_replace_the_given_ones():
    corrections = Corrections(
        {
            'a.jpg': Correction(('dog',)),
            'b/"quoted".jpg': Correction(('cat',)),
            'c.jpg': Correction(('cat', 'dog')),  # as before, in another order
            'd.jpg': Correction(()),
        }
    )
    photos = correct_photos(corrections, photo_set())
    assert photos.labels == {
        'a.jpg': ('dog',),
        'b/"quoted".jpg': ('cat',),
        'c.jpg': ('dog', 'cat'),
        'd.jpg': (),
        'e.jpg': (),
    }
    assert photos.untagged == () and photos.negatives == ('d.jpg', 'e.jpg')
    assert set(changed_tags(corrections, photo_set().labels)) == {
        'a.jpg',
        'b/"quoted".jpg',
        'd.jpg',
    }


def test_a_class_without_photos_goes_and_the_last_one_must_stay():
    corrections = Corrections({'a.jpg': Correction(('dog',)), 'c.jpg': Correction(('dog',))})
    assert correct_photos(corrections, photo_set()).classes == ('dog',)
    nothing = Corrections({key: Correction(()) for key in photo_set().labels})
    with pytest.raises(DataError, match='leave no photo that shows a class'):
        correct_photos(nothing, photo_set())


@pytest.mark.parametrize('seed', range(5))
def test_a_correction_moves_no_other_photo_between_the_splits(seed):
    labels = {f'{i}.jpg': (('cat', 'dog')[i % 2],) for i in range(40)}
    given = PhotoSet(Path('photos'), 'CSV', ('cat', 'dog'), labels, ('new.jpg',))
    before = given.split(0.2, seed)
    corrections = Corrections(
        {'3.jpg': Correction(('cat', 'dog')), '4.jpg': Correction(()), 'new.jpg': Correction(())}
    )
    split = corrected_split(given, correct_photos(corrections, given), 0.2, seed)
    assert split.val == before.val and split.train == (*before.train, 'new.jpg')
    assert split.labels['3.jpg'] == ('cat', 'dog') and split.untagged == ()


def test_every_class_keeps_a_photo_to_train_on():
    labels = {f'{i}.jpg': (('cat', 'dog')[i % 2],) for i in range(10)}
    given = PhotoSet(Path('photos'), 'CSV', ('cat', 'dog'), labels, ())
    held_out = given.split(0.3, 0).val
    trained = [key for key in labels if key not in held_out and labels[key] == ('cat',)]
    corrections = Corrections({key: Correction(('dog',)) for key in trained})
    split = corrected_split(given, correct_photos(corrections, given), 0.3, 0)
    assert 'cat' in {name for key in split.train for name in split.labels[key]}


def test_summary_counts_what_changes_masks():
    corrections = Corrections(
        {
            'a.jpg': Correction(('dog',), 'bad', SEEN),
            'c.jpg': Correction(('dog', 'cat'), 'good', SEEN),
            'd.jpg': Correction(mask='bad', mask_seen=SEEN),
        }
    )
    said = describe(corrections, photo_set(), ['a.jpg', 'c.jpg'])
    assert said == 'the tags of 1 photo corrected; 1 bad mask kept from the segmentor'
    assert describe(Corrections(), photo_set(), ['a.jpg']) == 'nothing that changes masks'
