"""Exported models take plain RGB images and give what the inferencers give."""

import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from mmwsss.apis import SegInferencer, export_onnx, init_model
from mmwsss.structures import DataError

onnxruntime = pytest.importorskip('onnxruntime')


def run(path, image: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return session.run(None, {'image': image.transpose(2, 0, 1)[None].astype(np.float32)})


def test_segmentor_gives_the_masks_of_the_inferencer(segmentor, tmp_path):
    inferencer = SegInferencer(segmentor.config, segmentor.checkpoint, 'cpu', show_progress=False)
    made = export_onnx(inferencer.model, tmp_path / 'model.onnx')
    assert made.difference <= 1e-4 and made.outputs == ('probabilities',)
    for name in ('p0', 'p1'):  # of two heights, one no multiple of 16
        path = segmentor.root / f'JPEGImages/{name}.jpg'
        (probabilities,) = run(made.path, np.array(Image.open(path)))
        (one,) = inferencer(path)['predictions']
        np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
        np.testing.assert_allclose(probabilities.max(1)[0], one.confidence, atol=1e-3)
        clear = np.diff(np.sort(probabilities[0], 0)[-2:], axis=0)[0] > 1e-3
        assert clear.mean() > 0.9
        np.testing.assert_array_equal(probabilities.argmax(1)[0][clear], one.mask[clear])
    session = onnxruntime.InferenceSession(made.path, providers=['CPUExecutionProvider'])
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata['classes']) == ['background', 'red', 'green']


def test_classifier_normalises_inside(classifier, tmp_path):
    model = init_model(classifier.config, classifier.checkpoint, 'cpu')
    made = export_onnx(model, tmp_path / 'model.onnx')
    image = np.array(Image.open(classifier.root / 'JPEGImages/p2.jpg'))
    scores, maps = run(made.path, image)
    settings = model.cfg.model.data_preprocessor
    normalized = (image - np.array(settings.mean)) / np.array(settings.std)  # RGB, as to_rgb says
    with torch.no_grad():
        inputs = torch.from_numpy(normalized.transpose(2, 0, 1)).float()[None]
        expected = model.class_maps(inputs).numpy()
    np.testing.assert_allclose(maps, expected, atol=1e-4 * max(1, np.abs(expected).max()))
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-expected.mean((2, 3)))), atol=1e-5)


def test_models_that_differ_are_not_written(classifier, tmp_path):
    model = init_model(classifier.config, classifier.checkpoint, 'cpu')
    with pytest.raises(DataError, match='differs from PyTorch'):
        export_onnx(model, tmp_path / 'model.onnx', tolerance=-1.0)
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named(classifier, tmp_path, monkeypatch):
    model = init_model(classifier.config, classifier.checkpoint, 'cpu')
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(ImportError, match=r'onnxruntime is not installed.*pip install'):
        export_onnx(model, tmp_path / 'model.onnx')


def test_sliding_windows_are_refused(segmentor, tmp_path):
    model = init_model(segmentor.config, segmentor.checkpoint, 'cpu')
    model.test_cfg.mode = 'slide'
    with pytest.raises(DataError, match="export with mode='whole'"):
        export_onnx(model, tmp_path / 'model.onnx')
