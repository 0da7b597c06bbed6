"""The real tools from response maps to pseudo-labels, on images of a few colours."""

import csv
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image
from rectangles import COLOURS
from repo import TOOLS
from tiny_maps import COUNT, config, contents, launch, without_model, write_tiny_maps

from mmwsss.datasets import LabelFolder
from mmwsss.pseudo_labels.affinity_labels import make_affinity_labels
from mmwsss.pseudo_labels.make import load_model, make_pseudo_labels
from mmwsss.pseudo_labels.report import report_pseudo_labels
from mmwsss.refinement.affinity_labels import AffinityLabelParams, affinity_labels
from mmwsss.registry import MODELS
from mmwsss.structures import CAMStore, ResponseMap


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Images, their response maps and a config."""
    write_tiny_maps(tmp_path)
    return tmp_path


def run_tool(monkeypatch, name: str, *arguments: str) -> None:
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    runpy.run_path(str(TOOLS / name), run_name='__main__')


def test_affinity_labels_of_the_tool(root: Path, monkeypatch, capsys) -> None:
    run_tool(monkeypatch, 'make_affinity_labels.py', root / 'tiny.py', '--workers', '0')
    folder = LabelFolder.open(root / 'affinity', 'affinity', list(COLOURS))
    assert list(folder.ids()) == [f'p{index}' for index in range(COUNT)]
    response = CAMStore.open(root / 'cams').read('p1')
    with Image.open(root / 'JPEGImages/p1.jpg') as sample:
        image = np.array(sample)
    expected = affinity_labels(
        image, response.resized().numpy(), response.classes.numpy(), AffinityLabelParams()
    )
    labels = folder.read('p1')
    np.testing.assert_array_equal(labels, expected)
    assert len(np.unique(labels)) >= 3
    report = json.loads((root / 'affinity/report.json').read_text())
    assert report['images'] == COUNT - 1
    assert f'{report["coverage"]:.1f} % of the pixels labelled' in capsys.readouterr().out
    right = known = total = 0
    for index in range(COUNT - 1):
        mask = np.array(Image.open(root / f'SegmentationClass/p{index}.png'))
        labels = folder.read(f'p{index}')
        right += (labels == mask).sum()
        known += (labels != 255).sum()
        total += mask.size
    assert report['coverage'] == pytest.approx(100 * known / total)
    assert report['accuracy'] == pytest.approx(100 * right / known)


def test_affinity_labels_at_the_resolution_of_the_maps(root: Path) -> None:
    cfg = config(root)
    cfg.affinity_labels.update(resolution='scores', crf=None)
    make_affinity_labels(cfg, workers=0)
    response = CAMStore.open(root / 'cams').read('p1')
    height, width = response.ori_shape
    coarse = affinity_labels(
        np.zeros((height, width, 3), np.uint8),
        response.scores.numpy(),
        response.classes.numpy(),
        AffinityLabelParams(crf=None),
    )
    rows = ((np.arange(height) + 0.5) * 6 / height).astype(int)
    columns = ((np.arange(width) + 0.5) * 7 / width).astype(int)
    labels = LabelFolder.open(root / 'affinity', 'affinity').read('p1')
    np.testing.assert_array_equal(labels, coarse[np.ix_(rows, columns)])


def test_affinity_labels_resume(root: Path) -> None:
    cfg = config(root)
    make_affinity_labels(cfg, workers=0)
    folder = root / 'affinity'
    before = contents(folder)
    (folder / 'p2.png').write_bytes(before['p2.png'][:-1])
    (folder / 'p3.png').unlink()
    untouched = (folder / 'p0.png').stat().st_mtime_ns
    make_affinity_labels(cfg, workers=0)
    assert contents(folder) == before
    assert (folder / 'p0.png').stat().st_mtime_ns == untouched
    cfg.affinity_labels.foreground.alpha = 5
    with pytest.raises(ValueError, match=r'made with other settings \(foreground was'):
        make_affinity_labels(cfg, workers=0)


def test_a_bad_image_is_named_and_the_others_are_done(root: Path) -> None:
    bad = root / 'cams/p1.npz', root / 'JPEGImages/p3.jpg'
    good = [path.read_bytes() for path in bad]
    for path in bad:
        path.write_bytes(b'PK')
    with pytest.raises(RuntimeError, match=r'2 of 6 images failed(.|\n)*p1: .*damaged') as error:
        make_affinity_labels(config(root), workers=0)
    assert 'p3.jpg: unreadable image' in str(error.value)
    assert len(contents(root / 'affinity')) == COUNT - 2
    with pytest.raises(RuntimeError, match=r'2 of 6 images failed(.|\n)*p1: .*damaged'):
        make_pseudo_labels(without_model(root, 'pseudo'), workers=0)
    assert len(contents(root / 'pseudo')) == COUNT - 2
    for path, content in zip(bad, good):
        path.write_bytes(content)
    make_affinity_labels(config(root), workers=0)
    assert len(contents(root / 'affinity')) == COUNT


def test_response_maps_of_other_images_are_refused(root: Path) -> None:
    store = CAMStore.open(root / 'cams')
    response = store.read('p0')
    store.write(ResponseMap(response.scores, response.classes, (50, 64), 'p0'))
    with pytest.raises(RuntimeError, match=r'maps of an image of \(50, 64\) pixels.*p0\.jpg has'):
        make_affinity_labels(config(root), workers=0)


def test_a_missing_crf_library_shows_before_any_image(root: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'pydensecrf', None)
    with pytest.raises(ImportError, match='pip install pydensecrf2'):
        make_affinity_labels(config(root), workers=0)
    assert not (root / 'affinity').exists()
    cfg = config(root)
    cfg.affinity_labels.crf = None
    make_affinity_labels(cfg, workers=0)
    assert len(contents(root / 'affinity')) == COUNT


@pytest.mark.slow
def test_a_pool_makes_the_same_labels(root: Path) -> None:
    alone = make_pseudo_labels(without_model(root, 'alone'), workers=0)
    pool = make_pseudo_labels(without_model(root, 'pool'), workers=2)
    assert contents(root / 'alone') == contents(root / 'pool')
    assert report_pseudo_labels(alone) == report_pseudo_labels(pool, workers=2)


def train(root: Path, monkeypatch) -> Path:
    make_affinity_labels(config(root), workers=0)
    run_tool(monkeypatch, 'train.py', root / 'tiny.py', '--work-dir', root / 'net')
    return root / 'net/epoch_2.pth'


def test_from_response_maps_to_pseudo_labels(root: Path, monkeypatch, capsys) -> None:
    checkpoint = train(root, monkeypatch)
    logs = next((root / 'net').glob('*/vis_data/scalars.json')).read_text().splitlines()
    assert {'loss', 'loss_neg', 'pairs_bg', 'pairs_fg', 'pairs_neg'} <= json.loads(logs[0]).keys()
    tool = ('make_pseudo_labels.py', root / 'tiny.py', checkpoint, '--workers', '0')
    run_tool(monkeypatch, *tool, '--show-dir', root / 'shown', '--max-show', '2')
    output = capsys.readouterr().out
    assert f'{COUNT} labels, {COUNT} made now' in output
    assert 'images/s' in output
    assert sorted(path.name for path in (root / 'shown').iterdir()) == ['p0.jpg', 'p1.jpg']
    rows = list(csv.DictReader((root / 'pseudo/report.csv').open()))
    assert [row['class'] for row in rows] == ['background', *COLOURS, 'mean']
    # The CRF finds the rectangles that the response maps only hint at.
    assert float(rows[-1]['IoU']) > float(rows[-1]['CAM IoU']) + 5
    first = contents(root / 'pseudo')
    (root / 'pseudo/p4.png').unlink()
    run_tool(monkeypatch, *tool)
    assert f'{COUNT} labels, 1 made now' in capsys.readouterr().out
    assert contents(root / 'pseudo') == first


def test_batches_do_not_change_labels(root: Path, monkeypatch) -> None:
    checkpoint = str(train(root, monkeypatch))
    make_pseudo_labels(config(root), checkpoint, workers=0)
    make_pseudo_labels(config(root, batch_size=4), checkpoint, out=str(root / 'b'), workers=0)
    for name in contents(root / 'b'):
        one, four = (np.array(Image.open(root / folder / name)) for folder in ('pseudo', 'b'))
        assert (one != four).mean() < 0.001


def test_checkpoints_that_do_not_fit(root: Path) -> None:
    with pytest.raises(ValueError, match=r'RandomWalkRefiner needs a trained AffinityNet'):
        make_pseudo_labels(config(root))
    torch.save({'state_dict': {'head.classifier.weight': torch.zeros(1)}}, root / 'cam.pth')
    with pytest.raises(ValueError, match=r'cam\.pth lacks \d+ of 124 weights of the AffinityNet'):
        make_pseudo_labels(config(root), str(root / 'cam.pth'))
    (root / 'cam.pth').write_bytes(b'no checkpoint')
    with pytest.raises(ValueError, match=r'cam\.pth cannot be loaded .* is damaged'):
        make_pseudo_labels(config(root), str(root / 'cam.pth'))


def test_weights_of_another_shape_are_refused(root: Path) -> None:
    cfg = config(root)
    init_default_scope('mmwsss')
    weights = MODELS.build(cfg.model).state_dict()
    weights['head.f9.weight'] = weights['head.f9.weight'][:, :3]
    torch.save({'state_dict': weights}, root / 'net.pth')
    with pytest.raises(ValueError, match=r'net\.pth lacks 1 of .* such as head\.f9\.weight'):
        load_model(cfg.model, str(root / 'net.pth'))


@pytest.mark.parametrize('kept', [1, 0])
def test_a_tagged_class_needs_its_response_map(root: Path, kept: int) -> None:
    """Without one it would silently become background."""
    store = CAMStore.open(root / 'cams')
    response = store.read('p1')
    scores, classes = response.scores[:kept], response.classes[:kept]
    store.write(ResponseMap(scores, classes, response.ori_shape, 'p1'))
    missing = ', '.join(repr(list(COLOURS)[label]) for label in response.classes[kept:])
    message = rf'1 of 6 (.|\n)*p1\.npz: no response map of {missing}, .*make the response maps'
    with pytest.raises(RuntimeError, match=message):
        make_affinity_labels(config(root), workers=0)
    with pytest.raises(RuntimeError, match=message):
        make_pseudo_labels(without_model(root, 'pseudo'), workers=0)
    for folder in ('affinity', 'pseudo'):
        assert len(contents(root / folder)) == COUNT - 1


def test_absent_classes_are_forbidden(root: Path) -> None:
    """A store with maps of all classes gives labels of the present ones only."""
    store = CAMStore.open(root / 'cams')
    for response in list(store):
        scores = torch.ones(3, *response.scores.shape[1:])
        scores[response.classes] = 0.5
        store.write(ResponseMap(scores, torch.arange(3), response.ori_shape, response.img_id))
    make_pseudo_labels(without_model(root, 'pseudo'), workers=0)
    tags = json.loads((root / 'image_labels.json').read_text())['labels']
    folder = LabelFolder.open(root / 'pseudo', 'pseudo')
    for img_id, names in tags.items():
        allowed = {0, *(1 + list(COLOURS).index(name) for name in names)}
        assert set(np.unique(folder.read(img_id)).tolist()) <= allowed


def test_low_confidence_is_ignored_and_weighs_less(root: Path) -> None:
    weights = root / 'weights'
    cfg = without_model(root, 'pseudo', ignore_below=0.9, weight_dir=str(weights))
    labels = make_pseudo_labels(cfg, workers=0)
    everything = make_pseudo_labels(without_model(root, 'all'), workers=0)
    ignored = 0
    for index in range(COUNT):
        name = f'p{index}'
        kept, full = labels.folder.read(name), everything.folder.read(name)
        weight = np.array(Image.open(weights / f'{name}.png'))
        assert weight.shape == kept.shape
        assert (weight[kept == 255] <= round(0.9 * 255)).all()
        assert (weight[kept != 255] >= round(0.9 * 255)).all()
        np.testing.assert_array_equal(kept[kept != 255], full[kept != 255])
        ignored += (kept == 255).sum()
    assert ignored > 0
    report = report_pseudo_labels(labels)
    assert 0 < report['coverage'] < 100
    assert 'coverage' in report['classes'][0]


def test_a_set_without_masks_is_not_measured(root: Path) -> None:
    cfg = without_model(root, 'pseudo', mask_dir=None)
    assert report_pseudo_labels(make_pseudo_labels(cfg, workers=0)) is None
    cfg = without_model(root, 'pseudo', mask_dir=str(root / 'nowhere'))
    with pytest.raises(ValueError, match=r'nowhere: no mask of any image'):
        make_pseudo_labels(cfg, workers=0)


def test_a_config_without_labels_is_named(root: Path) -> None:
    cfg = Config.fromfile(root / 'tiny.py')
    cfg._cfg_dict.pop('pseudo_labels')
    with pytest.raises(ValueError, match=r'tiny\.py: has no pseudo_labels'):
        make_pseudo_labels(cfg)


def test_a_misspelt_setting_is_refused(root: Path) -> None:
    cfg = config(root)
    cfg.affinity_labels.foregroundd = dict(alpha=1)
    known = (
        'cam_store, out_dir, mask_dir, foreground, background, crf, resolution, scores, max_size'
    )
    message = rf"tiny\.py: affinity_labels has no setting 'foregroundd'; it has {known}$"
    with pytest.raises(ValueError, match=message):
        make_affinity_labels(cfg, workers=0)
    message = r"tiny\.py: pseudo_labels has no setting 'ignore_bellow'; .*, ignore_below, "
    with pytest.raises(ValueError, match=message):
        make_pseudo_labels(without_model(root, 'pseudo', ignore_bellow=0.9), workers=0)
    assert not (root / 'affinity').exists() and not (root / 'pseudo').exists()


@pytest.mark.slow
def test_two_processes_make_the_same_labels(root: Path, monkeypatch) -> None:
    checkpoint = str(train(root, monkeypatch))
    labels = make_pseudo_labels(config(root), checkpoint, workers=0)
    report = report_pseudo_labels(labels)
    launch(root, 'make_affinity_labels.py', '--out', f'{root}/affinity2', '--workers', '0')
    assert contents(root / 'affinity2') == contents(root / 'affinity')
    both = [(root / name / 'report.json').read_text() for name in ('affinity', 'affinity2')]
    assert both[0] == both[1]
    output = launch(
        root, 'make_pseudo_labels.py', checkpoint, '--out', f'{root}/pseudo2', '--workers', '0'
    )
    assert f'{COUNT} labels, {COUNT} made now' in output
    assert contents(root / 'pseudo2') == contents(root / 'pseudo')
    assert json.loads((root / 'pseudo2/report.json').read_text()) == report


@pytest.mark.slow
def test_two_processes_name_the_bad_image(root: Path) -> None:
    (root / 'cams/p1.npz').write_bytes(b'PK')
    output = launch(root, 'make_affinity_labels.py', '--workers', '0', expect=1)
    assert '1 of 6 images failed' in output
    assert len(contents(root / 'affinity')) == COUNT - 1
