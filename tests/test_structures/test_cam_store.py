"""CAMStore: round trip, safety of names, damaged files, several writers."""

import json
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from mmwsss.structures import CAMStore, ResponseMap
from mmwsss.structures.fingerprints import file_fingerprint

CLASSES = ('cat', 'dog', 'cow')


def make_response(img_id='2007/IMG.1', seed=0, classes=(0, 2), grid=(14, 20)) -> ResponseMap:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(len(classes), *grid, generator=generator)
    return ResponseMap(scores, torch.tensor(classes, dtype=torch.long), (213, 320), img_id)


@pytest.fixture
def store(tmp_path):
    return CAMStore.create(tmp_path / 'store', CLASSES)


def assert_same(a: ResponseMap, b: ResponseMap) -> None:
    assert torch.equal(a.scores, b.scores)
    assert torch.equal(a.classes, b.classes)
    assert (a.ori_shape, a.img_id) == (b.ori_shape, b.img_id)


def test_uint8_scores_come_back(store):
    response = make_response()
    response.scores[0, 0, :3] = torch.tensor([0.0, 1.0, 0.5])
    store.write(response)
    back = CAMStore.open(store.root, CLASSES).read(response.img_id)
    assert back.scores.dtype == torch.float32
    assert (back.scores - response.scores).abs().max() <= 1 / 510 + 1e-7
    assert back.scores[0, 0, 0] == 0 and back.scores[0, 0, 1] == 1
    assert torch.equal(back.classes, response.classes)
    assert (back.ori_shape, back.img_id) == ((213, 320), '2007/IMG.1')
    store.write(back)
    assert_same(store.read(back.img_id), back)


def test_every_uint8_level_is_exact(store):
    levels = (np.arange(256, dtype=np.float32) / 255).reshape(1, 16, 16)
    response = ResponseMap(torch.from_numpy(levels), torch.tensor([1]), (4, 4), 'levels')
    store.write(response)
    assert_same(store.read('levels'), response)


def test_float16_scores_come_back(tmp_path):
    store = CAMStore.create(tmp_path, CLASSES, 'float16')
    response = make_response()
    store.write(response)
    assert torch.equal(store.read(response.img_id).scores, response.scores.half().float())


def test_fingerprint_of_what_is_read_is_that_of_the_file(store):
    path = store.write(make_response())
    response, fingerprint = store.read_with_fingerprint('2007/IMG.1')
    assert_same(response, store.read('2007/IMG.1'))
    assert fingerprint == file_fingerprint(path)


def test_an_image_without_classes_is_kept(store):
    response = make_response('empty', classes=())
    store.write(response)
    assert_same(store.read('empty'), response)


def test_numpy_alone_reads_it(store):
    response = make_response()
    store.write(response)
    with np.load(store.root / '2007/IMG.1.npz', allow_pickle=False) as file:
        assert set(file) == {'scores', 'classes', 'ori_shape'}
        np.testing.assert_array_equal(file['scores'], (response.scores.numpy() * 255).round())
        assert file['classes'].tolist() == [0, 2]
        assert file['ori_shape'].tolist() == [213, 320]
    assert json.loads((store.root / 'cam_store.json').read_text())['classes'] == list(CLASSES)


def test_ids_and_sizes_are_listed(store):
    ids = ['b', 'a/1', 'a/2.x']
    assert len(store) == 0
    for i, img_id in enumerate(ids):
        store.write(make_response(img_id, seed=i))
    (store.root / '.tmp-left').write_bytes(b'by a killed process')
    (store.root / '.tmp-left.npz').write_bytes(b'by a killed process')
    assert store.ids() == sorted(ids)
    assert [response.img_id for response in store] == sorted(ids)
    assert len(store) == 3
    assert 'a/1' in store and 'a/3' not in store
    files = [store.root / 'cam_store.json', *(store.root / f'{name}.npz' for name in ids)]
    assert store.nbytes == sum(len(path.read_bytes()) for path in files)
    full = 3 * 2 * 213 * 320 * 4
    assert store.nbytes * 50 < full


@pytest.mark.parametrize(
    'img_id',
    [
        '../x',
        '/etc/x',
        'a/../../x',
        '',
        '.',
        '..',
        'a//b',
        'a/',
        './a',
        'a\\b',
        'a\0',
        'a\n',
        '.tmp-a',
    ],
)
def test_hostile_names_are_refused(store, img_id):
    for action in (store.path, store.read, store.__contains__):
        with pytest.raises(ValueError, match='img_id'):
            action(img_id)
    with pytest.raises(ValueError, match='img_id'):
        store.write(make_response(img_id))
    assert list(store.root.parent.rglob('*.npz')) == []


def test_truncated_at_every_length(store):
    path = store.write(make_response(grid=(3, 4)))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match='damaged') as error:
            store.read('2007/IMG.1')
        assert str(path) in str(error.value)


def test_any_changed_byte_is_noticed_or_harmless(store):
    response = make_response(grid=(3, 4))
    path = store.write(response)
    expected = store.read(response.img_id)
    whole = path.read_bytes()
    noticed = 0
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            found = store.read(response.img_id)
        except ValueError as error:
            assert str(path) in str(error)
            noticed += 1
        else:
            assert_same(found, expected)
    assert noticed > len(whole) / 2


def write_raw(store, **arrays):
    response = make_response()
    good = {
        'scores': np.zeros((2, 3, 4), np.uint8),
        'classes': np.array([0, 2], np.int32),
        'ori_shape': np.array([5, 6], np.int32),
    }
    path = store.path(response.img_id)
    path.parent.mkdir(exist_ok=True)
    content = {name: array for name, array in (good | arrays).items() if array is not None}
    np.savez_compressed(path, allow_pickle=True, **content)
    return response.img_id


@pytest.mark.parametrize(
    'arrays',
    [
        {'scores': None},
        {'scores': np.zeros((2, 3, 4), np.float32)},
        {'scores': np.zeros((2, 3), np.uint8)},
        {'scores': np.full((2, 3, 4), None, object)},
        {'scores': np.asfortranarray(np.zeros((2, 3, 4), np.uint8))},
        {'scores': np.zeros((1, 3, 4), np.uint8)},
        {'classes': np.array([2, 0], np.int32)},
        {'classes': np.array([-1, 0], np.int32)},
        {'ori_shape': np.array([0, 6], np.int32)},
        {'ori_shape': np.array([5, 6, 3], np.int32)},
    ],
)
def test_other_arrays_are_refused(store, arrays):
    img_id = write_raw(store, **arrays)
    with pytest.raises(ValueError, match='damaged') as error:
        store.read(img_id)
    assert str(store.path(img_id)) in str(error.value)
    assert '\n' not in str(error.value)


def test_raw_helper_is_readable_otherwise(store):
    assert store.read(write_raw(store)).ori_shape == (5, 6)


def test_header_cannot_ask_for_memory(store):
    img_id = write_raw(store)
    path = store.path(img_id)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    old = b"'shape': (2, 3, 4), }        "
    huge = members['scores.npy'].replace(old, b"'shape': (2, 30000, 40000), }")
    assert huge != members['scores.npy']
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in (members | {'scores.npy': huge}).items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match='does not fit'):
        store.read(img_id)


def test_a_class_without_a_name_is_refused(store):
    img_id = write_raw(store, classes=np.array([0, 3], np.int32))
    with pytest.raises(ValueError, match='class index 3'):
        store.read(img_id)
    with pytest.raises(ValueError, match='class index 3'):
        store.write(make_response(classes=(1, 3)))


def test_a_missing_image_is_named(store):
    with pytest.raises(FileNotFoundError, match=r'nowhere\.npz'):
        store.read('nowhere')


def test_create_again_opens_the_same(store):
    store.write(make_response())
    assert len(CAMStore.create(store.root, CLASSES)) == 1
    with pytest.raises(ValueError, match='another folder'):
        CAMStore.create(store.root, CLASSES, 'float16')
    with pytest.raises(ValueError, match='classes'):
        CAMStore.create(store.root, CLASSES[::-1])
    with pytest.raises(ValueError, match='dtype'):
        CAMStore.create(store.root, CLASSES, 'float64')


def test_create_refuses_a_folder_with_other_files(tmp_path):
    (tmp_path / 'photo.jpg').write_bytes(b'')
    with pytest.raises(ValueError, match='neither empty'):
        CAMStore.create(tmp_path, CLASSES)


def test_opening_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='cam_store'):
        CAMStore.open(tmp_path)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'version': 2}, 'version 2'),
        ({'format': 'other'}, 'does not describe'),
        ({'dtype': 'int64'}, 'dtype'),
        ({'dtype': ['uint8']}, 'dtype'),
        ({'version': [1]}, 'version'),
        ({'classes': 'cat'}, 'list of names'),
    ],
)
def test_other_contents_are_refused(store, change, message):
    path = store.root / 'cam_store.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message) as error:
        CAMStore.open(store.root)
    assert str(path) in str(error.value)


def test_meta_truncated_at_every_length(store):
    path = store.root / 'cam_store.json'
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match='JSON'):
            CAMStore.open(store.root)


def test_failed_write_leaves_nothing(store, monkeypatch):
    response = make_response()
    store.write(response)
    before = store.read(response.img_id)

    def fail(file, **arrays):
        file.write(b'half')
        raise OSError('disk full')

    monkeypatch.setattr(np, 'savez_compressed', fail)
    with pytest.raises(OSError, match='disk full'):
        store.write(make_response(seed=1))
    assert_same(store.read(response.img_id), before)
    assert len(list(store.root.rglob('*'))) == 3  # JSON, folder, image


def test_concurrent_writers_and_a_reader(tmp_path):
    """Every read sees one of the whole versions, whoever writes."""
    versions = [make_response(seed=seed) for seed in range(4)]

    def write(seed):
        store = CAMStore.create(tmp_path, CLASSES, 'float16')
        for _ in range(20):
            store.write(versions[seed])

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(write, seed) for seed in range(4)]
        allowed = [version.scores.half().float() for version in versions]
        while not all(job.done() for job in jobs):
            if (tmp_path / 'cam_store.json').exists():
                store = CAMStore.open(tmp_path)
                if versions[0].img_id in store:
                    found = store.read(versions[0].img_id).scores
                    assert any(torch.equal(found, scores) for scores in allowed)
        for job in jobs:
            job.result()
    assert len(CAMStore.open(tmp_path)) == 1
