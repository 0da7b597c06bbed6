"""The command ``mmwsss``: subcommands, errors in a line, and masks from end to end."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmwsss.cli.command import main
from mmwsss.cli.predict import FORMATS
from mmwsss.datasets.exporters import FORMS
from mmwsss.masks import make_masks, recipes


@pytest.fixture
def photos(tmp_path):
    """Twelve photos of a red disc or a blue box on noise, one of neither, one without a tag."""
    rng = np.random.default_rng(0)
    root = tmp_path / 'photos'
    root.mkdir()
    rows = ['image,labels']
    for index in range(14):
        image = Image.fromarray(rng.integers(90, 160, (96, 128, 3), np.uint8))
        kind = ('disc', 'box')[index % 2] if index < 12 else ''
        x, y = rng.integers(10, 40, 2).tolist()
        draw = ImageDraw.Draw(image)
        if kind == 'disc':
            draw.ellipse((x, y, x + 45, y + 45), 'red')
        elif kind == 'box':
            draw.rectangle((x, y, x + 45, y + 45), 'blue')
        image.save(root / f'{index:02}.jpg')
        if index < 13:
            rows.append(f'{index:02}.jpg,{kind}')
    (tmp_path / 'tags.csv').write_text('\n'.join(rows) + '\n')
    return root


def test_help_names_the_commands(capsys):
    with pytest.raises(SystemExit) as ended:
        main(['--help'])
    assert ended.value.code == 0
    assert 'masks' in capsys.readouterr().out


def test_predict_offers_every_form():
    assert ('png', *FORMS) == FORMATS


def test_python_m_is_the_command():
    run = subprocess.run(
        [sys.executable, '-m', 'mmwsss', '--version'], capture_output=True, text=True
    )
    assert run.returncode == 0 and run.stdout.startswith('mmwsss ')


def test_an_error_is_one_line(tmp_path, capsys):
    assert main(['masks', str(tmp_path / 'none'), '--out', str(tmp_path / 'out')]) == 1
    error = capsys.readouterr().err
    assert error.startswith('mmwsss: error: ') and error.count('\n') == 1 and 'none' in error
    assert not (tmp_path / 'out').exists()


def test_unknown_class_names_the_line_of_the_tags(photos, capsys):
    tags = photos.parent / 'tags.csv'
    arguments = ['masks', str(photos), '--tags', str(tags), '--out', str(photos.parent / 'out')]
    assert main([*arguments, '--classes', 'disc']) == 1
    assert "tags.csv:3: unknown class 'box'" in capsys.readouterr().err


@pytest.mark.slow
def test_masks_of_photos_with_negatives_and_untagged_ones(photos, monkeypatch, tmp_path):
    short = recipes.Recipe(*[recipes.Length(2, 1)] * 2, None, recipes.Length(2, 1), (0.5,))
    monkeypatch.setitem(recipes.RECIPES, ('quick', 'cpu'), short)
    shown: list[str] = []
    tags = tmp_path / 'tags.csv'
    made = make_masks(photos, tags, tmp_path / 'run', quality='quick', show=shown.append)
    masks = sorted(path.name for path in made.masks.iterdir())
    assert made.count == 14 and masks == [f'{index:02}.png' for index in range(14)]
    assert made.classes == ('box', 'disc')
    covered = [np.mean(np.asarray(Image.open(path)) > 0) for path in made.masks.iterdir()]
    assert made.foreground == pytest.approx(np.mean(covered))
    assert f'objects cover {made.foreground:.0%} of a photo' in made.summary()
    for index in range(12):
        with Image.open(made.masks / f'{index:02}.png') as mask:
            assert mask.size == (128, 96)
            assert set(np.unique(mask)) <= {0, 2 - index % 2}
    with Image.open(made.masks / '12.png') as mask:
        assert not np.asarray(mask).any()
    assert made.segmentor.is_file() and made.report.is_file()
    assert any('untagged' in line and '13.jpg' in line for line in shown)

    shown.clear()
    make_masks(photos, tags, tmp_path / 'run', show=shown.append)
    assert not [line for line in shown if 'begins' in line or 'goes on' in line]

    class BeginsAgainError(Exception):
        pass

    def stop(line: str) -> None:
        if line.startswith('== classifier: begins again'):
            raise BeginsAgainError

    tags.write_text(tags.read_text().replace('11.jpg,box', '11.jpg,disc'))
    with pytest.raises(BeginsAgainError):
        make_masks(photos, tags, tmp_path / 'run', show=stop)
