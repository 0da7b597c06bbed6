import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from repo import TOOLS
from scipy.io import savemat

from mmwsss.datasets import ImageLevelDataset
from mmwsss.datasets.converters import voc_subset
from mmwsss.datasets.voc import VOC_CLASSES
from mmwsss.structures import DataError

TOOL = TOOLS / 'dataset_converters/voc12.py'
CAT, DOG, CAR = (1 + VOC_CLASSES.index(name) for name in ('cat', 'dog', 'car'))
BOXES = {'a': ['dog', 'car'], 'b': ['car', 'cat'], 'c': ['cat', 'dog']}
MASK = np.array([[0, CAT, 255], [DOG, CAR, 0]], np.uint8)
OF_SUBSET = np.array([[0, 1, 255], [2, 255, 0]], np.uint8)


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Make VOC with masks of a and c, and SBD with a mask of b."""
    voc, sbd = tmp_path / 'VOC2012', tmp_path / 'sbd'
    for folder in ('JPEGImages', 'Annotations', 'SegmentationClass'):
        (voc / folder).mkdir(parents=True)
    (sbd / 'cls').mkdir(parents=True)
    for img_id, names in BOXES.items():
        Image.new('RGB', (3, 2)).save(voc / f'JPEGImages/{img_id}.jpg')
        objects = ''.join(f'<object><name>{name}</name></object>' for name in names)
        (voc / f'Annotations/{img_id}.xml').write_text(f'<annotation>{objects}</annotation>')
    for img_id in 'ac':
        Image.fromarray(MASK).save(voc / f'SegmentationClass/{img_id}.png')
    mask = np.where(MASK == 255, 0, MASK)
    savemat(sbd / 'cls/b.mat', {'GTcls': {'Segmentation': mask}})
    return voc, sbd


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """Lists of a subset of cats and dogs."""
    folder = tmp_path / 'lists'
    folder.mkdir()
    (folder / 'classes.txt').write_text('cat\ndog\n')
    (folder / 'train.txt').write_text('a\nb\n')
    (folder / 'val.txt').write_text('c\n')
    return folder


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == 'P'
        return np.asarray(image)


def test_subset_in_vocs_layout(roots, lists, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    assert voc_subset.convert_subset(*roots, out, lists) == {'train': 2, 'val': 1}
    assert json.loads((out / 'image_labels.json').read_text()) == {
        'classes': ['cat', 'dog'],
        'labels': {'a': ['dog'], 'b': ['cat'], 'c': ['cat', 'dog']},
    }
    assert (out / 'classes.txt').read_text() == 'background\ncat\ndog\n'
    assert (out / 'ImageSets/Segmentation/train.txt').read_text() == 'a\nb\n'
    for img_id in 'ac':
        np.testing.assert_array_equal(read(out / f'SegmentationClass/{img_id}.png'), OF_SUBSET)
    np.testing.assert_array_equal(
        read(out / 'SegmentationClass/b.png'), np.where(OF_SUBSET == 255, [0, 255, 0], OF_SUBSET)
    )
    dataset = ImageLevelDataset(
        data_root=str(out),
        ann_file='ImageSets/Segmentation/train.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
    )
    assert [dataset.get_data_info(index)['gt_label'] for index in range(2)] == [[1], [0]]


def test_stopped_run_goes_on(roots, lists, tmp_path: Path) -> None:
    (roots[0] / 'JPEGImages/c.jpg').rename(tmp_path / 'c.jpg')
    with pytest.raises(DataError, match=r'c\.jpg: missing; '):
        voc_subset.convert_subset(*roots, tmp_path / 'out', lists)
    (tmp_path / 'c.jpg').rename(roots[0] / 'JPEGImages/c.jpg')
    (roots[1] / 'cls/b.mat').unlink()  # its mask has been written
    voc_subset.convert_subset(*roots, tmp_path / 'out', lists)


def test_image_without_a_class_of_the_subset_is_named(roots, lists, tmp_path: Path) -> None:
    (lists / 'classes.txt').write_text('cat\nsofa\n')
    with pytest.raises(DataError, match='a: none of cat, sofa; '):
        voc_subset.convert_subset(*roots, tmp_path / 'out', lists)


def test_the_tool_writes_the_subset(roots, lists, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(voc_subset, 'SPLITS', tmp_path)
    lists.rename(tmp_path / 'voc8')
    out = tmp_path / 'out'
    arguments = [*map(str, roots), '--subset', 'voc8', '--out', str(out)]
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *arguments])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(TOOL), run_name='__main__')
    assert end.value.code == 0
    assert capsys.readouterr().out.endswith('train: 2 images, val: 1 images\n')
    assert (out / 'image_labels.json').is_file()


def test_lists_of_voc8_are_as_long_as_stated() -> None:
    folder = voc_subset.SPLITS / 'voc8'
    train, val = ((folder / f'{name}.txt').read_text().split() for name in ('train', 'val'))
    assert (len(set(train)), len(set(val))) == (1200, 300)
    assert not set(train) & set(val)
    assert set((folder / 'classes.txt').read_text().split()) <= set(VOC_CLASSES)
