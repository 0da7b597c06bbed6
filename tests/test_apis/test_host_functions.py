"""mmseg's and mmpretrain's own functions work on the configs and checkpoints of this package."""

import subprocess
import sys

import mmpretrain
import mmseg.apis
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from PIL import Image
from repo import CONFIGS

CLASSES = ('red', 'green')
SEGMENTORS = [
    path.relative_to(CONFIGS).as_posix()
    for path in sorted(CONFIGS.rglob('*.py'))
    if '_base_' not in path.parts and path.name.startswith(('deeplabv2', 'segformer'))
]
CLASSIFIERS = ['mixup_cam.py', 'msrc/mixup-cam_efficientnet-lite0_msrc.py',
               'custom/mixup-cam_efficientnet-lite0_custom.py']  # fmt: skip


def photo(root, name='p1') -> str:
    return str(root / f'JPEGImages/{name}.jpg')


def bgr(path: str) -> np.ndarray:
    return np.array(Image.open(path))[..., ::-1].copy()


@pytest.fixture(scope='module')
def tested(segmentor) -> dict[str, np.ndarray]:
    """The masks of a test run."""
    cfg = Config.fromfile(segmentor.config)
    cfg.update(load_from=segmentor.checkpoint, work_dir=str(segmentor.root / 'tested'))
    out = segmentor.root / 'tested/masks'
    cfg.test_evaluator[0].output_dir = str(out)
    metrics = Runner.from_cfg(cfg).test()
    assert metrics['mIoU'] > 50  # no mask is background alone
    return {path.stem: np.array(Image.open(path)) for path in out.glob('*.png')}


def test_mmseg_infers_by_its_functions(segmentor, tested):
    model = mmseg.apis.init_model(segmentor.config, segmentor.checkpoint, device='cpu')
    assert model.dataset_meta['classes'] == ('background', 'red', 'green')
    names = ('p0', 'p2')  # mmseg takes a list of images of one size
    paths = [photo(segmentor.root, name) for name in names]
    for name, result in zip(names, mmseg.apis.inference_model(model, paths)):
        np.testing.assert_array_equal(result.pred_sem_seg.data[0].numpy(), tested[name])
    result = mmseg.apis.inference_model(model, bgr(photo(segmentor.root)))
    np.testing.assert_array_equal(result.pred_sem_seg.data[0].numpy(), tested['p1'])


def test_mmseg_infers_by_its_inferencer(segmentor, tested):
    inferencer = mmseg.apis.MMSegInferencer(
        segmentor.config, segmentor.checkpoint, device='cpu', show_progress=False
    )
    paths = [photo(segmentor.root, f'p{i}') for i in range(2)]
    found = inferencer([*paths, bgr(paths[1])], return_vis=True)
    for mask, name in zip(found['predictions'], ('p0', 'p1', 'p1')):
        np.testing.assert_array_equal(mask, tested[name])
    assert [drawn.shape for drawn in found['visualization']] == [
        (48, 64, 3), (40, 64, 3), (40, 64, 3)
    ]  # fmt: skip


def test_mmpretrain_infers(classifier, tmp_path):
    model = mmpretrain.get_model(classifier.config, pretrained=classifier.checkpoint)
    path = photo(classifier.root, 'p2')  # shows red alone
    with torch.no_grad():
        image = torch.from_numpy(np.array(Image.open(path)).transpose(2, 0, 1).copy()).float()
        mean, std = (
            torch.tensor(model._config.model.data_preprocessor[key])[:, None, None]
            for key in ('mean', 'std')
        )
        logits = model.class_maps(((image - mean) / std)[None]).mean((2, 3))[0]
    for given in (path, bgr(path)):
        result = mmpretrain.inference_model(model, given, show_dir=str(tmp_path / 'shown'))
        np.testing.assert_allclose(result['pred_scores'], logits.sigmoid(), atol=2e-3)
        assert result['pred_class'] == CLASSES[logits.argmax()]
    assert list((tmp_path / 'shown').glob('*.png'))
    inferencer = mmpretrain.ImageClassificationInferencer(
        classifier.config, pretrained=classifier.checkpoint
    )
    (sample,) = inferencer(path, return_datasamples=True)
    assert sample.cam.shape[0] == len(sample.cam_classes) >= 1
    assert sample.cam_classes[sample.cam.amax((1, 2)).argmax()] in sample.cam_classes


@pytest.mark.parametrize('name', SEGMENTORS)
def test_shipped_segmentors_take_images_alone(name, root):
    cfg = Config.fromfile(CONFIGS / name)
    with DefaultScope.overwrite_default_scope('mmseg'):
        packed = Compose(cfg.test_pipeline)(dict(img_path=photo(root)))
        assert packed['inputs'].shape == (3, 40, 64)
        assert packed['data_samples'].ori_shape == (40, 64)
        steps = [step['type'] for step in cfg.test_dataloader.dataset.pipeline]
        assert steps[0] == cfg.test_pipeline[0]['type'] == 'LoadImageFromFile'
        assert list(cfg.test_pipeline[0]) == ['type']  # inference_model replaces only the type
        Compose(cfg.test_dataloader.dataset.pipeline)(dict(img_path=photo(root)))


@pytest.mark.parametrize('name', CLASSIFIERS)
def test_shipped_classifiers_take_images_alone(name, root):
    cfg = Config.fromfile(CONFIGS / name)
    image = bgr(photo(root))
    for steps in (cfg.test_pipeline, cfg.test_dataloader.dataset.pipeline):
        assert steps[0]['type'] == 'LoadImageFromFile'
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            packed = Compose(steps[1:])(dict(img=image, ori_shape=image.shape[:2]))
        assert packed['inputs'].ndim == 3 and packed['data_samples'].ori_shape == (40, 64)


ALONE = """
import sys
{host}
assert 'mmwsss' in sys.modules
"""
MMSEG = """
from mmseg.apis import MMSegInferencer, inference_model, init_model
assert 'mmwsss' not in sys.modules
from mmengine.config import Config
Config.fromfile('{configs}/deeplabv2_pseudo.py')  # with its base files
model = init_model({config!r}, {checkpoint!r}, device='cpu')
mask = inference_model(model, {photo!r}).pred_sem_seg.data[0].numpy()
found = MMSegInferencer({config!r}, {checkpoint!r}, device='cpu', show_progress=False)({photo!r})
print('', 'same' if (found['predictions'] == mask).all() else 'different')
"""
MMPRETRAIN = """
import mmpretrain
assert 'mmwsss' not in sys.modules
from mmengine.config import Config
Config.fromfile('{configs}/mixup_cam.py')
model = mmpretrain.get_model({config!r}, pretrained={checkpoint!r})
print('', mmpretrain.inference_model(model, {photo!r})['pred_class'])
"""


@pytest.mark.slow
@pytest.mark.parametrize('host', ['mmseg', 'mmpretrain'])
def test_a_config_brings_the_package_along(host, request):
    trained = request.getfixturevalue('segmentor' if host == 'mmseg' else 'classifier')
    text = MMSEG if host == 'mmseg' else MMPRETRAIN
    code = ALONE.format(
        host=text.format(
            configs=CONFIGS,
            config=trained.config,
            checkpoint=trained.checkpoint,
            photo=photo(trained.root),
        )
    )
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout.split()[-1] in (('same',) if host == 'mmseg' else CLASSES)
