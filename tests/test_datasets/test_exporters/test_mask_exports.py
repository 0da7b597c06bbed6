"""Exports, read back by this project and by the libraries that others read them with."""

import json
import runpy
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from repo import TOOLS
from scipy.ndimage import binary_dilation, binary_erosion

from mmwsss.datasets import DataError, LabelFolder
from mmwsss.datasets.converters.image_search import find_images
from mmwsss.datasets.converters.tag_forms import match_images, read_tags
from mmwsss.datasets.exporters import FORMS, export_masks

CLASSES = ('cat', 'dog & "co"')
NAMES = {'a': (), 'beach/b c': (1,), 'ü': (0, 1)}


def label_map(shown: tuple[int, ...]) -> np.ndarray:
    labels = np.zeros((20, 30), np.uint8)
    if 0 in shown:
        labels[3:9, 4:17] = 1
        labels[5:7, 6:9] = 0  # a hole
        labels[14:19, 2:8] = 1
    if 1 in shown:
        labels[2:18, 20:29] = 2
        labels[0, 0] = 255
    return labels


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Masks and images."""
    labels = LabelFolder.create(tmp_path / 'masks', 'pseudo', CLASSES, {})
    for img_id, shown in NAMES.items():
        path = tmp_path / f'photos/{img_id}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (30, 20)).save(path)
        labels.write(img_id, label_map(shown))
    Image.new('RGB', (5, 5)).save(tmp_path / 'photos/without mask.jpg')
    return tmp_path / 'masks', tmp_path / 'photos'


@pytest.fixture
def export(folders, tmp_path):
    def run(form: str) -> Path:
        out = tmp_path / form
        assert export_masks(*folders, out, form) == 3
        return out

    return run


@pytest.mark.parametrize(
    'file', ['coco/coco.json', 'coco-polygons/coco.json', 'cvat/annotations.xml']
)
def test_tags_are_read_back(file, export, folders):
    export(file.split('/')[0])
    root = folders[1]
    found = find_images(root)
    table, _ = read_tags(folders[0].parent / file, found, root, False)
    tags = {tag.key: set(tag.names) for tag in match_images(table, found, root).tags.values()}
    shown = {f'{key}.jpg': {CLASSES[i] for i in value} for key, value in NAMES.items() if value}
    assert {key: names for key, names in tags.items() if names} == shown


def at_edge(mask: np.ndarray) -> np.ndarray:
    return binary_dilation(mask) & ~binary_erosion(mask)


@pytest.mark.parametrize('form', ['coco', 'coco-polygons'])
def test_pycocotools_reads_the_masks(form, export):
    coco = pytest.importorskip('pycocotools.coco').COCO(str(export(form) / 'coco.json'))
    assert [category['name'] for category in coco.loadCats(coco.getCatIds())] == list(CLASSES)
    images = {image['file_name']: image['id'] for image in coco.imgs.values()}
    assert set(images) == {f'{key}.jpg' for key in NAMES}
    for key, shown in NAMES.items():
        annotations = coco.loadAnns(coco.getAnnIds(images[f'{key}.jpg']))
        assert [one['category_id'] for one in annotations] == [1 + index for index in shown]
        for one in annotations:
            truth = label_map(shown) == one['category_id']
            read = coco.annToMask(one).astype(bool)
            # Codes are exact; simplified polygons differ at the edge alone.
            assert not ((read != truth) & (~at_edge(truth) | (form == 'coco'))).any()
            assert one['area'] == truth.sum()
            assert one['bbox'] == box_of(truth)


def box_of(mask: np.ndarray) -> list[int]:
    rows, columns = mask.nonzero()
    left, top = columns.min(), rows.min()
    return [left, top, columns.max() + 1 - left, rows.max() + 1 - top]


def test_labelme_reads_the_polygons(export):
    labelme = pytest.importorskip('labelme._label_file')
    out = export('labelme')
    for key, shown in NAMES.items():
        data = labelme.read_label_file(str(out / f'{key}.json'))
        names = {shape['label'] for shape in data.shapes}
        assert names == {CLASSES[index] for index in shown}


def test_labelme_files_point_to_their_images(export, folders):
    out = export('labelme')
    for key in NAMES:
        path = out / f'{key}.json'
        content = json.loads(path.read_text())
        image = path.parent / content['imagePath']
        assert image.resolve() == (folders[1] / f'{key}.jpg').resolve()
        assert (content['imageWidth'], content['imageHeight']) == (30, 20)


def test_cvat_masks_are_runs_of_their_boxes(export):
    root = ElementTree.parse(export('cvat') / 'annotations.xml').getroot()
    assert [name.text for name in root.iterfind('meta/task/labels/label/name')] == list(CLASSES)
    for image in root.iter('image'):
        shown = NAMES[image.get('name').removesuffix('.jpg')]
        masks = list(image)
        assert [mask.get('label') for mask in masks] == [CLASSES[index] for index in shown]
        for mask, index in zip(masks, shown):
            left, top, width, height = (
                int(mask.get(key)) for key in ('left', 'top', 'width', 'height')
            )
            counts = [int(count) for count in mask.get('rle').split(',')]
            values = np.repeat(np.arange(len(counts)) % 2, counts).reshape(height, width)
            canvas = np.zeros((20, 30), int)
            canvas[top : top + height, left : left + width] = values
            assert np.array_equal(canvas, label_map(shown) == index + 1)


def test_datumaro_reads_the_masks_of_cvat(export, folders):
    datumaro = pytest.importorskip('datumaro')
    out = export('cvat')
    shutil.copytree(folders[1], out / 'images')  # it opens the images
    dataset = datumaro.Dataset.import_from(str(out), 'cvat')
    assert len(dataset) == 3
    for item in dataset:
        shown = NAMES[item.id]
        masks = [one for one in item.annotations if one.type.name == 'mask']
        assert [one.label for one in masks] == list(shown)
        for one in masks:
            assert np.array_equal(one.image, label_map(shown) == one.label + 1)


def test_label_studio_decodes_the_brush(export):
    brush = pytest.importorskip('label_studio_sdk.converter.brush')
    for task in json.loads((export('label-studio') / 'tasks.json').read_text()):
        (prediction,) = task['predictions']
        for result in prediction['result']:
            value = result['value']
            values = brush.decode_rle(value['rle']).reshape(20, 30, 4)
            index = CLASSES.index(value['brushlabels'][0])
            shown = (0, 1) if '%C3%BC' in task['data']['image'] else (1,)
            assert np.array_equal(values[..., 3] > 0, label_map(shown) == index + 1)


def test_label_studio_gets_the_interface_of_its_predictions(export):
    out = export('label-studio')
    view = ElementTree.parse(out / 'labeling_interface.xml').getroot()
    assert [label.get('value') for label in view.iter('Label')] == list(CLASSES)
    tasks = json.loads((out / 'tasks.json').read_text())
    assert tasks[1]['data']['image'] == '/data/local-files/?d=beach/b%20c.jpg'
    tags = {tag.get('name') for tag in view}
    for result in tasks[1]['predictions'][0]['result']:
        assert {result['from_name'], result['to_name']} <= tags


@pytest.mark.parametrize('form', FORMS)
def test_a_mask_of_another_size_is_refused(form, folders, tmp_path):
    Image.new('RGB', (31, 20)).save(folders[1] / 'a.jpg')
    with pytest.raises(DataError, match='30x20, its image 31x20'):
        export_masks(*folders, tmp_path / 'out', form)


def test_a_turned_photo_has_the_size_at_which_it_is_displayed(folders, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (20, 30)).save(folders[1] / 'a.jpg', exif=exif)
    assert export_masks(*folders, tmp_path / 'out', 'coco') == 3


def test_a_mask_without_image_is_refused(folders, tmp_path):
    (folders[1] / 'a.jpg').unlink()
    with pytest.raises(DataError, match=r'a\.png: no image of this name'):
        export_masks(*folders, tmp_path / 'out', 'coco')


def test_plain_masks_need_the_names_of_the_classes(folders, tmp_path):
    (folders[0] / 'label_folder.json').unlink()
    with pytest.raises(DataError, match='give --classes'):
        export_masks(*folders, tmp_path / 'out', 'coco')
    assert export_masks(*folders, tmp_path / 'out', 'coco', CLASSES) == 3


def test_too_few_classes_are_refused_before_a_file_appears(folders, tmp_path):
    with pytest.raises(DataError, match='value 2 is no class'):
        export_masks(*folders, tmp_path / 'out', 'coco', ['cat'])
    assert not (tmp_path / 'out/coco.json').exists()


def test_tool_writes_and_says_how_many(folders, tmp_path, monkeypatch, capsys):
    words = [*map(str, folders), '--form', 'cvat', '--out', str(tmp_path / 'out')]
    monkeypatch.setattr(sys, 'argv', ['export_masks.py', *words])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(TOOLS / 'dataset_converters/export_masks.py'), run_name='__main__')
    assert stop.value.code == 0
    assert '3 images as cvat' in capsys.readouterr().out
