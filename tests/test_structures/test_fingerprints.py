"""Fingerprints: equal for equal things, different for all that counts."""

import os

from mmwsss.structures.fingerprints import (
    data_fingerprints,
    fingerprint_of,
    local_weights,
    output_fingerprint,
    settings_fingerprint,
)


def test_borders_of_parts_count():
    assert fingerprint_of(['ab', 'c']) != fingerprint_of(['a', 'bc'])
    assert fingerprint_of(['ab', b'c']) == fingerprint_of([b'ab', 'c'])


def test_output_fingerprint_sees_names_and_contents(tmp_path):
    folder = tmp_path / 'out'
    folder.mkdir()
    (folder / 'a').write_text('1')
    first = output_fingerprint(folder)
    (folder / '.tmp-123').write_text('half')
    os.utime(folder / 'a', (0, 0))
    assert output_fingerprint(folder) == first
    (folder / 'a').write_text('2')
    second = output_fingerprint(folder)
    (folder / 'a').rename(folder / 'b')
    assert len({first, second, output_fingerprint(folder)}) == 3


def test_data_fingerprints_see_lists_and_images(tmp_path):
    (tmp_path / 'images').mkdir()
    image, split = tmp_path / 'images/a.jpg', tmp_path / 'train.txt'
    image.write_text('1')
    split.write_text('a\n')
    dataset = dict(
        data_root=str(tmp_path), ann_file='train.txt', data_prefix=dict(img_path='images')
    )
    wrapped = dict(type='RepeatDataset', dataset=dataset)
    seen = [data_fingerprints([dataset]), data_fingerprints([dataset])]
    assert seen[0] == seen[1] == data_fingerprints([wrapped])
    image.write_text('12')
    seen.append(data_fingerprints([dataset]))
    split.write_text('b\n')
    os.utime(split, (0, 0))
    seen.append(data_fingerprints([dataset]))
    assert len({str(one) for one in seen}) == 3


def test_data_fingerprints_see_more_folders(tmp_path):
    mask = tmp_path / 'a.png'
    mask.write_text('1')
    none = data_fingerprints([{}])
    assert none == data_fingerprints([{}], [])
    first = data_fingerprints([{}], [str(tmp_path)])
    mask.write_text('12')
    second = data_fingerprints([{}], [str(tmp_path)])
    assert len({str(one) for one in (none, first, second)}) == 3


def test_local_weights_are_found_anywhere():
    settings = dict(
        load_from='b.pth',
        model=dict(backbone=dict(init_cfg=[dict(checkpoint='a.pth')]), teacher=('b.pth', None)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', load_from='https://x/c.pth')),
    )
    assert sorted(local_weights(settings)) == ['a.pth', 'b.pth']
    assert local_weights(dict(checkpoint=None, other='d.pth')) == []


def test_settings_fingerprint_sees_values():
    one = settings_fingerprint(dict(a=1, b=dict(c=(1, 2))))
    assert settings_fingerprint(dict(b=dict(c=(1, 2)), a=1)) == one
    assert settings_fingerprint(dict(a=1, b=dict(c=(1, 3)))) != one


def test_a_prefix_may_be_the_folder_of_the_images_itself(tmp_path):
    (tmp_path / 'images').mkdir()
    dataset = dict(data_root=str(tmp_path), data_prefix='images')
    as_dict = dict(dataset, data_prefix=dict(img_path='images'))
    assert data_fingerprints([dataset]) == data_fingerprints([as_dict]) != {}
    assert data_fingerprints([dict(dataset, data_prefix=None)]) == {}


def test_only_what_is_there_has_a_fingerprint(tmp_path):
    dataset = dict(ann_file=str(tmp_path / 'train.txt'), data_prefix=dict(img_path=str(tmp_path)))
    assert list(data_fingerprints([dataset])) == [str(tmp_path)]
    assert data_fingerprints([dataset], [str(tmp_path / 'masks')]).keys() == {str(tmp_path)}
