"""The inferencers give what tools/test.py writes, for images in any form."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image

from mmwsss.apis import CAMInferencer, SegInferencer, init_model
from mmwsss.cli.config import keep_outputs
from mmwsss.structures import CAMStore, DataError

CLASSES = ('red', 'green')


def run_test(trained, out):
    """Test as tools/test.py does."""
    cfg = Config.fromfile(trained.config)
    cfg.update(load_from=trained.checkpoint, work_dir=str(out.parent / 'work'))
    keep_outputs(cfg, str(out), None)
    if 'decode_head' not in cfg.model:
        cfg.custom_hooks = [
            h if h['type'] != 'mmwsss.CAMStoreHook' else dict(h, dtype='float16')
            for h in cfg.custom_hooks
        ]
        cfg.test_evaluator = []
    Runner.from_cfg(cfg).test()
    return out


@pytest.fixture(scope='module')
def masks(segmentor, tmp_path_factory):
    return run_test(segmentor, tmp_path_factory.mktemp('masks') / 'out')


@pytest.fixture(scope='module')
def cams(classifier, tmp_path_factory):
    return run_test(classifier, tmp_path_factory.mktemp('cams') / 'out')


@pytest.fixture(scope='module')
def segment(segmentor):
    return SegInferencer(segmentor.config, segmentor.checkpoint, 'cpu', show_progress=False)


@pytest.fixture(scope='module')
def explain(classifier):
    return CAMInferencer(classifier.config, classifier.checkpoint, 'cpu', show_progress=False)


@pytest.mark.parametrize('batch_size', [1, 3])
def test_masks_of_a_folder_are_those_of_the_test(segment, segmentor, masks, tmp_path, batch_size):
    found = segment(
        str(segmentor.root / 'JPEGImages'), batch_size=batch_size, out_dir=tmp_path / 'out'
    )
    written = sorted(path.name for path in masks.glob('*.png'))
    assert [f'{one.name}.png' for one in found['predictions']] == written
    for one in found['predictions']:
        truth = np.array(Image.open(masks / f'{one.name}.png'))
        np.testing.assert_array_equal(one.mask, truth)
        with Image.open(tmp_path / f'out/{one.name}.png') as image:
            assert image.mode == 'P'
            np.testing.assert_array_equal(np.array(image), truth)
    assert any(one.mask.any() for one in found['predictions'])
    assert found['visualization'] == []


def test_an_array_and_a_path_give_the_same(segment, segmentor, masks):
    path = segmentor.root / 'JPEGImages/p1.jpg'
    bgr = np.array(Image.open(path))[..., ::-1].copy()
    found = segment([path, bgr], batch_size=2, return_vis=True)
    truth = np.array(Image.open(masks / 'p1.png'))
    assert [one.name for one in found['predictions']] == ['p1', 'image_1']
    for one, drawn in zip(found['predictions'], found['visualization']):
        np.testing.assert_array_equal(one.mask, truth)
        background = one.mask == 0
        np.testing.assert_array_equal(drawn[background], bgr[..., ::-1][background])


def test_confidence_is_the_probability_of_the_label(segment, segmentor):
    path = str(segmentor.root / 'JPEGImages/p0.jpg')
    (sample,) = segment(path, return_datasamples=True)['predictions']
    (one,) = segment(path)['predictions']
    probability = np.exp(sample.seg_logits.data.double().numpy())
    probability /= probability.sum(0)
    np.testing.assert_array_equal(one.mask, probability.argmax(0))
    np.testing.assert_allclose(one.confidence, probability.max(0), atol=1e-3)
    assert one.shares == {
        name: (one.mask == i + 1).mean()
        for i, name in enumerate(CLASSES)
        if (one.mask == i + 1).any()
    }


def test_tags_leave_only_their_classes(segment, segmentor):
    paths = [str(segmentor.root / f'JPEGImages/p{i}.jpg') for i in range(3)]
    free = segment(paths, return_datasamples=True)['predictions']
    tagged = segment(paths, tags=[['red'], [], None])['predictions']
    logits = free[0].seg_logits.data
    np.testing.assert_array_equal(tagged[0].mask, logits[:2].argmax(0))
    assert not tagged[1].mask.any() and (tagged[1].confidence == 1).all()
    np.testing.assert_array_equal(tagged[2].mask, free[2].pred_sem_seg.data[0])
    by_name = segment(paths, tags={'p0': ['red']})['predictions']
    np.testing.assert_array_equal(by_name[0].mask, tagged[0].mask)
    with pytest.raises(DataError, match="p0: 'blue' is no class of the model"):
        segment(paths[0], tags=[['blue']])


@pytest.mark.parametrize('orientation', [1, 6])
def test_a_large_photo_is_seen_smaller_and_its_mask_is_as_large(segmentor, tmp_path, orientation):
    cfg = Config.fromfile(segmentor.config)
    cfg.model.test_cfg.scores_at = 'input'
    cfg.test_pipeline.insert(1, dict(type='mmwsss.LimitSize', max_size=64))
    limited = SegInferencer(cfg, segmentor.checkpoint, 'cpu', show_progress=False)
    seen = []
    limited.model.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0].shape))
    small = Image.open(segmentor.root / 'JPEGImages/p1.jpg')
    shown = small.resize((640, 400), Image.Resampling.NEAREST)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = shown.transpose(Image.Transpose.ROTATE_90) if orientation == 6 else shown
    stored.save(tmp_path / 'photo.png', exif=exif)
    (one,) = limited(tmp_path / 'photo.png')['predictions']
    (tagged,) = limited(tmp_path / 'photo.png', tags=[CLASSES])['predictions']
    assert all(max(shape[2:]) == 64 for shape in seen)
    assert one.mask.shape == one.confidence.shape == (400, 640)
    np.testing.assert_array_equal(one.mask, tagged.mask)
    (of_small,) = limited(segmentor.root / 'JPEGImages/p1.jpg')['predictions']
    enlarged = np.kron(of_small.mask, np.ones((10, 10), np.uint8))
    assert len(np.unique(of_small.mask)) > 1 and (one.mask == enlarged).mean() > 0.9


def test_response_maps_are_those_of_the_test(explain, classifier, cams, tmp_path):
    store = CAMStore.open(cams, CLASSES)
    names = sorted(path.stem for path in cams.glob('*.npz'))
    tags = {name: [CLASSES[i] for i in store.read(name).classes] for name in names}
    paths = [str(classifier.root / f'JPEGImages/{name}.jpg') for name in names]
    found = explain(paths, tags=tags, batch_size=3, out_dir=tmp_path / 'store')['predictions']
    for one in found:
        truth = store.read(one.name)
        torch.testing.assert_close(one.response.scores, truth.scores, atol=1e-3, rtol=0)
        assert list(one.maps) == tags[one.name]
        assert one.scores is None
        assert one.response.ori_shape == truth.ori_shape
    again = CAMStore.open(tmp_path / 'store', CLASSES).read(names[0])
    torch.testing.assert_close(again.scores, found[0].response.scores, atol=1 / 509, rtol=0)


def test_untagged_images_get_maps_of_the_classes_found(explain, classifier):
    path = classifier.root / 'JPEGImages/p2.jpg'  # shows red alone
    (one,) = explain(path)['predictions']
    assert one.scores.shape == (2,) and 0 in one.response.classes
    assert all(drawn.shape == (*one.response.ori_shape, 3) for drawn in one.draw().values())


def test_names_are_text_in_a_notebook(segment, segmentor, tmp_path):
    name = '<img src=x onerror=alert(1)>'
    content = (segmentor.root / 'JPEGImages/p0.jpg').read_bytes()
    (tmp_path / f'{name}.jpg').write_bytes(content)
    found = segment(str(tmp_path))
    text = found._repr_html_()
    assert '&lt;img src=x onerror=alert(1)&gt;' in text and '<img src=x' not in text
    assert text.count('data:image/jpeg;base64,') == 1


def test_drawings_are_written(segment, explain, segmentor, tmp_path):
    path = segmentor.root / 'JPEGImages/p0.jpg'
    segment(path, show_dir=tmp_path / 'seg')
    explain(path, tags=[CLASSES], show_dir=tmp_path / 'cam')
    assert Image.open(tmp_path / 'seg/p0.jpg').size == (64, 48)
    assert Image.open(tmp_path / 'cam/p0.jpg').size == (128, 48)


def test_a_work_directory_is_a_model(segmentor):
    model = init_model(Path(segmentor.config).parent, device='cpu')
    assert model.dataset_meta['classes'] == ('background', *CLASSES)
    assert not model.training
    named = init_model(segmentor.config, segmentor.checkpoint, 'cpu')
    for name, value in named.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value, atol=0, rtol=0)


def test_batch_normalisation_is_folded_into_the_convolutions(segment, segmentor):
    def count(model) -> int:
        return sum(isinstance(layer, torch.nn.BatchNorm2d) for layer in model.backbone.modules())

    assert count(init_model(segmentor.config, segmentor.checkpoint, 'cpu')) > count(segment.model)


def test_what_does_not_fit_is_refused(segmentor, classifier, tmp_path):
    with pytest.raises(DataError, match='use CAMInferencer'):
        SegInferencer(classifier.config, classifier.checkpoint, 'cpu')
    with pytest.raises(DataError, match='use SegInferencer'):
        CAMInferencer(segmentor.config, segmentor.checkpoint, 'cpu')
    with pytest.raises(ValueError, match=r'lacks \d+ of \d+ weights'):
        init_model(segmentor.config, classifier.checkpoint, 'cpu')
    with pytest.raises(FileNotFoundError, match='no checkpoint; name one'):
        init_model(segmentor.config)
    with pytest.raises(FileNotFoundError, match='there is no such config'):
        init_model(tmp_path / 'nothing.py', segmentor.checkpoint)
    stored = torch.load(segmentor.checkpoint, weights_only=False)
    stored['meta']['dataset_meta']['classes'] = ('background', 'red')
    torch.save(stored, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='names 2 classes, but the model has 3'):
        init_model(segmentor.config, tmp_path / 'other.pth')


def test_faulty_images_are_named(segment, segmentor, tmp_path):
    with pytest.raises(DataError, match=r'nothing\.jpg: no such image'):
        segment('nothing.jpg')
    with pytest.raises(DataError, match=r'float64\[4, 4\]; give BGR, uint8'):
        segment(np.zeros((4, 4)))
    (tmp_path / 'half.jpg').write_bytes((segmentor.root / 'JPEGImages/p0.jpg').read_bytes()[:200])
    with pytest.raises(DataError, match=r'half\.jpg: unreadable'):
        segment(tmp_path / 'half.jpg')
    (tmp_path / 'a').mkdir()
    for folder in (tmp_path, tmp_path / 'a'):
        Image.new('RGB', (9, 9)).save(folder / 'same.png')
    with pytest.raises(DataError, match='same name'):
        segment([tmp_path / 'same.png', tmp_path / 'a/same.png'])
