"""Bits of images of 16 bits are set once, in metainfo, and hold wherever the image is read."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from mmwsss.apis.sources import ImageSource
from mmwsss.datasets import DataError, ImageLevelDataset, PseudoLabelDataset
from mmwsss.datasets.image_check import check_images
from mmwsss.engine.hooks import CAMVisualizationHook
from mmwsss.evaluation import crf_iou_metric
from mmwsss.pseudo_labels.images import list_images

IMAGE = cv2.resize(np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8), (24, 16))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder with an image of 12 bits; warnings of dark images are errors."""
    (tmp_path / 'images').mkdir()
    cv2.imwrite(str(tmp_path / 'images/a.tif'), IMAGE[..., ::-1].astype(np.uint16) << 4)
    tags = {'classes': ['cat'], 'labels': {'a.tif': ['cat']}}
    (tmp_path / 'labels.json').write_text(json.dumps(tags))
    (tmp_path / 'split.txt').write_text('a.tif\n')
    with warnings.catch_warnings(), DefaultScope.overwrite_default_scope('mmwsss'):
        warnings.simplefilter('error')
        yield tmp_path


def settings_of(root: Path, bits: object = 12) -> dict:
    return dict(
        type='ImageLevelDataset',
        data_root=str(root),
        label_file='labels.json',
        data_prefix=dict(img_path='images'),
        metainfo=dict(image_bits=bits),
        pipeline=[dict(type='LoadImageFromFile')],
    )


def build(root: Path, bits: object = 12) -> ImageLevelDataset:
    settings = settings_of(root, bits)
    del settings['type']
    return ImageLevelDataset(**settings)


def test_networks_see_the_bits_that_are_there(root: Path) -> None:
    dataset = build(root)
    np.testing.assert_array_equal(dataset[0]['img'][..., ::-1], IMAGE)
    assert check_images(dataset, 0) == []
    segmentor = PseudoLabelDataset(
        data_root=str(root),
        ann_file='split.txt',
        data_prefix=dict(img_path='images'),
        img_suffix='.tif',
        metainfo=dict(classes=('cat',), image_bits=12),
        pipeline=[dict(type='LoadImageFromFile')],
        test_mode=True,
    )
    np.testing.assert_array_equal(segmentor[0]['img'][..., ::-1], IMAGE)


def test_labels_are_made_of_them(root: Path) -> None:
    (tagged,), _ = list_images(settings_of(root), None)
    assert tagged.image_bits == 12


def test_the_crf_sees_them(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crf_iou_metric, 'check_crf', lambda *args: None)
    seen = []
    monkeypatch.setattr(
        crf_iou_metric, 'dense_crf', lambda image, scores, *args: seen.append(image) or scores
    )
    metric = crf_iou_metric.CRFIoUMetric()
    metric.dataset_meta = dict(classes=('background', 'cat'), image_bits=12)
    path = str(root / 'images/a.tif')
    sample = {'img_path': path, 'seg_logits': {'data': torch.zeros(2, 16, 24)}}
    crf_iou_metric._refine(metric._job(sample), None, 'image')
    np.testing.assert_array_equal(seen[0], IMAGE)


def test_drawings_show_them(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(root / 'images/a.tif')
    np.testing.assert_array_equal(ImageSource('a', path, image_bits=12).rgb(), IMAGE)
    hook, drawn = CAMVisualizationHook(out_dir=str(root)), []
    monkeypatch.setattr(hook, 'draw', lambda image, *args: drawn.append(image) or image)
    sample = ImageLevelSample(path)
    hook._write(sample, dict(classes=('cat',), image_bits=12))
    np.testing.assert_array_equal(drawn[0], IMAGE)


class ImageLevelSample(dict):
    """A prediction, as the hook reads it."""

    def __init__(self, path: str) -> None:
        super().__init__(
            cam=torch.zeros(1, 2, 3),
            cam_classes=torch.tensor([0]),
            ori_shape=(16, 24),
            img_id='a',
        )
        self.img_path = path


@pytest.mark.parametrize('bits', [7, 17, '12', 12.0])
def test_impossible_bits_are_refused(bits: object, root: Path) -> None:
    with pytest.raises(DataError, match=r'image_bits is .*; set the bits of a 16-bit image'):
        build(root, bits)[0]
