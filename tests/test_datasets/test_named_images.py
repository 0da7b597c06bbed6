"""Whatever a transform raises, the dataset names the image."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from PIL import Image
from torch.utils.data import DataLoader

from mmwsss.datasets import DataError, ImageLevelDataset, PseudoLabelDataset
from mmwsss.datasets.transforms import RandomResizeLongSide, Resize
from mmwsss.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Failing(BaseTransform):
    """Raises an error, or returns it: None."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def transform(self, results: dict) -> None:
        if self.error is not None:
            raise self.error


ERRORS = (
    ValueError('two\nlines'),
    KeyError('img'),
    AssertionError(),
    MemoryError(),
    cv2.error('resize'),
    Image.DecompressionBombError('bomb'),
    None,
)


def dataset(kind: type, root: Path, step: dict):
    settings = dict(metainfo=dict(classes=('bird', 'cat', 'dog')), data_root=str(root))
    settings |= dict(ann_file='ImageSets/Segmentation/train.txt', pipeline=[step])
    if kind is ImageLevelDataset:
        settings |= dict(label_file='labels.txt')
    return kind(**settings)


@pytest.mark.parametrize('error', ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize('kind', [ImageLevelDataset, PseudoLabelDataset])
def test_the_dataset_names_the_image_once(voc_root: Path, kind: type, error: Exception) -> None:
    data = dataset(kind, voc_root, dict(type='mmwsss.Failing', error=error))
    with pytest.raises(DataError) as caught:
        data[1]
    message = str(caught.value)
    path = str(voc_root / 'JPEGImages/b.jpg')
    assert message.startswith(f'{path}: the transforms of the dataset fail at this image (')
    assert message.count(path) == 1 and '\n' not in message and 'replace it' in message
    assert ('None' if error is None else type(error).__name__) in message


def test_errors_that_name_a_file_stay_as_they_are(voc_root: Path) -> None:
    (voc_root / 'JPEGImages/b.jpg').write_bytes(b'')
    data = dataset(ImageLevelDataset, voc_root, dict(type='LoadImage'))
    with pytest.raises(DataError, match=r'b\.jpg: unreadable image') as caught:
        data[1]
    assert str(caught.value).count('b.jpg') == 1
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_workers_of_a_data_loader_name_the_image(voc_root: Path) -> None:
    data = dataset(PseudoLabelDataset, voc_root, dict(type='mmwsss.Failing', error=KeyError('x')))
    with pytest.raises(DataError, match=r'b\.jpg: the transforms'):
        list(DataLoader(data, num_workers=1, sampler=[1]))


SHAPES = [(1, 1), (2, 3000), (3000, 2), (1, 4096), (5000, 1), (12, 16)]


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('length', [1, 5, 512])
def test_long_sides_leave_at_least_one_pixel(shape: tuple[int, int], length: int) -> None:
    results = dict(img=np.full((*shape, 3), 7, np.uint8))
    img = RandomResizeLongSide((length, length))(results)['img']
    assert max(img.shape[:2]) == length and min(img.shape[:2]) >= 1
    assert results['img_shape'] == img.shape[:2] and (img == 7).all()


@pytest.mark.parametrize('keep_ratio', [False, True])
@pytest.mark.parametrize('setting', [dict(scale_factor=0.1), dict(scale=(20, 20))])
@pytest.mark.parametrize('shape', SHAPES)
def test_image_and_labels_keep_at_least_one_pixel(
    shape: tuple[int, int], setting: dict, keep_ratio: bool
) -> None:
    results = dict(img=np.zeros((*shape, 3), np.uint8), img_shape=shape)
    results |= dict(labels=np.ones(shape, np.uint8), seg_fields=['labels'])
    step = Resize(**setting, keep_ratio=keep_ratio)
    resized = step(results)
    assert resized['img'].shape[:2] == resized['labels'].shape == resized['img_shape']
    assert min(resized['img_shape']) >= 1
    assert step.keep_ratio == keep_ratio and (step.scale is None) == ('scale' not in setting)


@pytest.mark.parametrize('setting', [dict(scale_factor=0.5), dict(scale=(30, 20))])
def test_other_images_are_resized_as_by_mmseg(setting: dict) -> None:
    rng = np.random.default_rng(0)
    img = rng.integers(0, 256, (24, 50, 3), dtype=np.uint8)
    ours, theirs = (
        TRANSFORMS.build(dict(type=f'{scope}.Resize', **setting, keep_ratio=True))(
            dict(img=img, img_shape=img.shape[:2])
        )
        for scope in ('mmwsss', 'mmseg')
    )
    np.testing.assert_array_equal(ours['img'], theirs['img'])
