"""COCO 2014: hand-made annotations through the converter, and what the shipped configs read."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image
from repo import CONFIGS, TOOLS

from mmwsss.datasets.check import check_config
from mmwsss.datasets.converters import coco14
from mmwsss.datasets.converters.coco_instances import CocoImage, CocoObject, draw_mask
from mmwsss.structures import DataError
from mmwsss.worker_processes import ImageError

pytest.importorskip('pycocotools')

HEIGHT, WIDTH = 12, 16
UNUSED_IDS = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}  # of COCO's 90 ids
IDS = [number for number in range(1, 91) if number not in UNUSED_IDS]
CLASSES = Config.fromfile(CONFIGS / '_base_/datasets/coco14_pseudo.py').classes
DOG, TABLE, LIGHT = (CLASSES.index(name) for name in ('dog', 'dining table', 'traffic light'))


def box(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top:bottom, left:right] = True
    return mask


def polygon(left: int, top: int, right: int, bottom: int) -> list[list[float]]:
    return [[left, top, right, top, right, bottom, left, bottom]]


def counts(mask: np.ndarray) -> dict:
    """COCO's uncompressed code: lengths of the runs down the columns, that of 0 first."""
    runs, value = [0], False
    for pixel in mask.T.ravel().tolist():
        if pixel != value:
            runs.append(0)
            value = pixel
        runs[-1] += 1
    return {'size': list(mask.shape), 'counts': runs}


def compressed(mask: np.ndarray) -> dict:
    from pycocotools.mask import encode

    code = encode(np.asfortranarray(mask.astype(np.uint8)))
    return {'size': code['size'], 'counts': code['counts'].decode()}


def annotation(label: int, area: float, segmentation, crowd: int = 0) -> dict:
    return dict(
        category_id=IDS[label], area=area, segmentation=segmentation, iscrowd=crowd, bbox=[0] * 4
    )


# A dog (8×6) on a table (14×10) that the file names last; a crowd of lights, and a dog in it; the
# two parts of a light, as a compressed code, on a gray image; an image without any class.
TRAIN = {
    'overlap': [
        annotation(DOG, 48, polygon(4, 3, 12, 9)),
        annotation(TABLE, 140, polygon(1, 1, 15, 11)),
    ],
    'crowd': [
        annotation(LIGHT, 96, counts(box(0, 0, 16, 6)), crowd=1),
        annotation(DOG, 4, polygon(2, 2, 4, 4) + polygon(14, 10, 15, 11)),
    ],
    'nothing': [],
}
VAL = {'gray': [annotation(LIGHT, 9, compressed(box(0, 0, 2, 2) | box(9, 9, 14, 10)))]}
TAGS = {'overlap': [DOG, TABLE], 'crowd': [LIGHT, DOG], 'nothing': [], 'gray': [LIGHT]}


def file_name(split: str, key: str) -> str:
    return f'COCO_{split}2014_{key}'


def write_split(root: Path, split: str, images: dict[str, list[dict]]) -> None:
    folder = root / f'{split}2014'
    folder.mkdir()
    content = dict(
        images=[],
        annotations=[],
        # As in COCO's files, not sorted.
        categories=[dict(id=i, name=name) for i, name in zip(IDS, CLASSES)][::-1],
    )
    for number, (key, annotations) in enumerate(images.items()):
        name = f'{file_name(split, key)}.jpg'
        mode = 'L' if key == 'gray' else 'RGB'
        Image.new(mode, (WIDTH, HEIGHT), 90).save(folder / name)
        content['images'].append(dict(id=number, file_name=name, height=HEIGHT, width=WIDTH))
        content['annotations'] += [dict(one, image_id=number) for one in annotations]
    path = root / f'annotations/instances_{split}2014.json'
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_split(tmp_path, 'train', TRAIN)
    write_split(tmp_path, 'val', VAL)
    return tmp_path


def convert(root: Path, negatives: bool = False) -> dict[str, int]:
    return coco14.convert(root, negatives, num_workers=0, verify_counts=False)


def mask_path(root: Path, split: str, key: str) -> Path:
    return root / f'SegmentationClass/{split}2014/{file_name(split, key)}.png'


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == 'P'
        return np.asarray(image)


def config_of(name: str, root: Path) -> Config:
    cfg = Config.fromfile(CONFIGS / 'coco14' / name)
    for mode in ('train', 'val', 'test'):
        cfg[f'{mode}_dataloader'].dataset.data_root = str(root)
    return cfg


def test_smaller_objects_are_on_top_and_crowds_are_ignored(root):
    assert convert(root) == {'train': 2, 'val': 1}
    expected = np.where(box(1, 1, 15, 11), TABLE + 1, 0)
    expected[box(4, 3, 12, 9)] = DOG + 1
    np.testing.assert_array_equal(read(mask_path(root, 'train', 'overlap')), expected)
    expected = np.where(box(0, 0, 16, 6), 255, 0)
    expected[box(2, 2, 4, 4) | box(14, 10, 15, 11)] = DOG + 1
    np.testing.assert_array_equal(read(mask_path(root, 'train', 'crowd')), expected)
    expected = np.where(box(0, 0, 2, 2) | box(9, 9, 14, 10), LIGHT + 1, 0)
    np.testing.assert_array_equal(read(mask_path(root, 'val', 'gray')), expected)


def test_of_equal_areas_the_first_is_on_top():
    objects = [CocoObject(label, 4.0, False, counts(box(0, 0, 2, 2))) for label in (7, 3)]
    mask = draw_mask(CocoImage('a.jpg', (HEIGHT, WIDTH), tuple(objects)))
    np.testing.assert_array_equal(mask, np.where(box(0, 0, 2, 2), 8, 0))


@pytest.mark.parametrize('negatives', [False, True])
def test_lists_and_labels(root, negatives):
    assert convert(root, negatives) == {'train': 2 + negatives, 'val': 1}
    keys = ['train2014/' + file_name('train', key) for key in sorted(TRAIN)]
    listed = [key for key in keys if negatives or not key.endswith('nothing')]
    assert (root / 'ImageSets/Segmentation/train.txt').read_text().split() == listed
    labels = json.loads((root / 'image_labels.json').read_text())
    assert labels['classes'] == list(CLASSES)
    val = 'val2014/' + file_name('val', 'gray')
    assert labels['labels'] == {
        key: [CLASSES[label] for label in sorted(TAGS[key.rpartition('_')[2]])]
        for key in [*listed, val]
    }
    assert mask_path(root, 'train', 'nothing').exists() == negatives


def test_shipped_configs_read_what_is_written(root):
    convert(root, negatives=True)
    cfg = config_of('cam_resnet38_coco14.py', root)
    cfg.train_dataloader.drop_last = False
    assert check_config(cfg, num_workers=0) == []
    cfg = config_of('deeplabv2_r101-d8_coco14.py', root)
    cfg.train_dataloader.dataset.label_dir = str(root / 'SegmentationClass')
    assert check_config(cfg, num_workers=0) == []


def test_a_stopped_run_goes_on(root, monkeypatch):
    drawn = []

    def stop_at_second(image):
        drawn.append(image.stem)
        if len(drawn) == 2:
            raise KeyboardInterrupt
        return draw_mask(image)

    monkeypatch.setattr(coco14, 'draw_mask', stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        convert(root)
    assert not (root / 'image_labels.json').exists()
    assert len(list((root / 'SegmentationClass/train2014').iterdir())) == 1
    assert convert(root) == {'train': 2, 'val': 1}
    assert len(drawn) == 4 and len(set(drawn)) == 3  # of three masks, one was begun twice


def edit(root: Path, change) -> Path:
    path = root / 'annotations/instances_train2014.json'
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda x: x.pop('categories'), 'instances_train2014.json: without images, annotations'),
        (lambda x: x['annotations'][0].pop('area'), "incomplete .KeyError.'area'.*; extract"),
        (lambda x: x['annotations'][0].update(category_id=12), 'incomplete .KeyError.12'),
        (lambda x: x['images'].append(dict(x['images'][0], id=9, file_name='b.jpg')), 'b.jpg: mis'),
        (lambda x: x['categories'].pop(), 'instances_val2014.json: other classes than those of'),
    ],
)
def test_faults_are_named_with_a_remedy(root, change, message):
    edit(root, change)
    with pytest.raises(DataError, match=message):
        convert(root)


@pytest.mark.parametrize('code', [{'size': [HEIGHT, WIDTH], 'counts': [3]}, {'size': [1, 2]}])
def test_a_damaged_outline_names_its_image(root, code):
    edit(root, lambda x: x['annotations'][0].update(segmentation=code))
    with pytest.raises(ImageError, match=r'COCO_train2014_overlap\.jpg: damaged outline'):
        convert(root)
    assert not mask_path(root, 'train', 'overlap').exists()


def test_the_tool_insists_on_the_published_numbers(root, monkeypatch, capsys):
    tool = str(TOOLS / 'dataset_converters/coco14.py')
    for arguments, code, text in (
        ([], 1, '3 images instead of 82783'),
        (['--skip-counts', '--negatives', 'keep'], 0, 'train: 3 images, val: 1 images'),
    ):
        monkeypatch.setattr(sys, 'argv', [tool, str(root), '--num-workers', '0', *arguments])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(tool, run_name='__main__')
        assert end.value.code == code
        output = capsys.readouterr()
        assert text in output.out + output.err
