"""``mmwsss predict`` and ``mmwsss export`` give what the Python interface gives."""

import shutil

import numpy as np
import pytest
from PIL import Image

from mmwsss.apis import SegInferencer
from mmwsss.cli.command import main
from mmwsss.cli.predict import FORMATS
from mmwsss.datasets.exporters import FORMS, export_masks


@pytest.fixture
def folder(segmentor, tmp_path):
    """A folder as `mmwsss masks` leaves one."""
    shutil.copy(segmentor.config, tmp_path / 'segmentor.py')
    shutil.copy(segmentor.checkpoint, tmp_path / 'segmentor.pth')
    return tmp_path


def test_predict_writes_the_masks_of_the_inferencer(folder, segmentor, capsys):
    photos = segmentor.root / 'JPEGImages'
    tags = folder / 'tags.csv'
    tags.write_text('image,labels\np0.jpg,red\np1.jpg,background\n')
    given = ['predict', str(folder), str(photos), '--device', 'cpu']
    assert main([*given, '--out', str(folder / 'free'), '--show-dir', str(folder / 'shown')]) == 0
    assert '0 background, 1 red, 2 green' in capsys.readouterr().out
    assert main([*given, '--out', str(folder / 'tagged'), '--tags', str(tags)]) == 0
    inferencer = SegInferencer(segmentor.config, segmentor.checkpoint, 'cpu', show_progress=False)
    known = {'p0': ['red'], 'p1': []}
    for out, restricted in (('free', None), ('tagged', known)):
        for one in inferencer(photos, tags=restricted)['predictions']:
            with Image.open(folder / out / f'{one.name}.png') as image:
                np.testing.assert_array_equal(np.array(image), one.mask)
    assert len(list((folder / 'shown').glob('*.jpg'))) == len(list(photos.glob('*.jpg')))


@pytest.mark.parametrize('form', FORMS)
def test_predict_writes_the_form_that_the_exported_masks_have(folder, segmentor, form, capsys):
    photos = segmentor.root / 'JPEGImages'
    given = ['predict', str(folder), str(photos), '--device', 'cpu', '--out']
    assert main([*given, str(folder / 'masks')]) == 0
    assert main([*given, str(folder / form), '--format', form]) == 0
    assert f'8 masks; as {form}' in capsys.readouterr().out
    export_masks(folder / 'masks', photos, folder / 'expected', form, ('red', 'green'))
    files = sorted(path.name for path in (folder / 'expected').iterdir())
    assert files == sorted(
        path.name for path in (folder / form).iterdir() if not path.name.startswith('.')
    )
    for name in files:
        assert (folder / form / name).read_bytes() == (folder / 'expected' / name).read_bytes()


def test_the_command_offers_every_form():
    assert ('png', *FORMS) == FORMATS


def test_export_takes_a_config_and_a_checkpoint(segmentor, tmp_path, capsys):
    pytest.importorskip('onnxruntime')
    out = tmp_path / 'model.onnx'
    assert main(['export', segmentor.config, str(out), '--checkpoint', segmentor.checkpoint]) == 0
    assert out.is_file() and 'probabilities' in capsys.readouterr().out


@pytest.mark.parametrize('command', ['predict', 'export'])
def test_an_error_is_one_line(command, tmp_path, capsys):
    rest = [str(tmp_path), '--out', str(tmp_path / 'out')] if command == 'predict' else ['m.onnx']
    assert main([command, str(tmp_path / 'none.py'), *rest, '--checkpoint', 'x.pth']) == 1
    error = capsys.readouterr().err
    assert error.startswith('mmwsss: error: ') and error.count('\n') == 1 and 'none.py' in error
