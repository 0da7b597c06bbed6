"""Masks and overlays that ``mmwsss masks`` leaves."""

import numpy as np
from PIL import Image

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.voc import voc_palette
from mmwsss.masks.results import overlay_labels, write_results


def test_overlay_mixes_the_colour_of_the_class_into_the_image():
    image = np.full((9, 30, 3), 100, np.uint8)
    labels = np.repeat(np.array([[0, 1, 2]], np.uint8), 10, axis=1).repeat(9, axis=0)
    overlay = overlay_labels(image, labels, opacity=0.25)
    colours = np.array(voc_palette(3)[1:])
    assert (overlay[:, :10] == 100).all()
    np.testing.assert_array_equal(overlay[4, [15, 25]], np.rint(75 + 0.25 * colours))


def test_a_grey_class_on_a_grey_photo_has_an_outline():
    image = np.full((40, 60, 3), 128, np.uint8)
    labels = np.zeros((40, 60), np.uint8)
    labels[10:30, 20:60] = 7  # VOC's seventh colour is grey
    white = (overlay_labels(image, labels) == 255).all(-1)
    # Within the region, not along the photo's border, where it goes on.
    inner = np.zeros_like(white)
    inner[11:29, 21:60] = True
    np.testing.assert_array_equal(white, (labels == 7) & ~inner)


def test_masks_are_those_of_the_folder_and_old_ones_go(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (2000, 30), np.uint8)
    (tmp_path / 'photos').mkdir()
    Image.fromarray(rng.integers(0, 256, (2000, 30, 3), np.uint8)).save(tmp_path / 'photos/a.png')
    folder = LabelFolder.create(tmp_path / 'labels', 'pseudo', ('cat', 'dog'), {})
    folder.write('a', labels, {})
    out = tmp_path / 'run'
    (out / 'masks').mkdir(parents=True)
    (out / 'masks/old.png').touch()
    assert write_results([(['a.png'], folder)], tmp_path / 'photos', out, workers=0) == [
        np.mean(labels > 0)
    ]
    with Image.open(out / 'masks/a.png') as mask:
        np.testing.assert_array_equal(np.asarray(mask), labels)
    with Image.open(out / 'overlays/a.jpg') as overlay:
        assert max(overlay.size) == 1024
    assert [path.name for path in (out / 'masks').iterdir()] == ['a.png']


def test_an_overlay_is_drawn_again_only_where_photo_or_label_changed(tmp_path, monkeypatch):
    (tmp_path / 'photos').mkdir()
    for name in ('a', 'b', 'c'):
        Image.new('RGB', (5, 4), 'grey').save(tmp_path / f'photos/{name}.png')
    folder = LabelFolder.create(tmp_path / 'labels', 'pseudo', ('cat',), {})
    labels = np.zeros((4, 5), np.uint8)
    for name in ('a', 'b', 'c'):
        folder.write(name, labels)
    drawn = []
    monkeypatch.setattr(
        'mmwsss.masks.results.overlay_labels', lambda image, labels: drawn.append(labels) or image
    )

    def redrawn() -> int:
        drawn.clear()
        items = [(['a.png', 'b.png', 'c.png'], folder)]
        assert len(write_results(items, tmp_path / 'photos', tmp_path / 'run', workers=0)) == 3
        return len(drawn)

    assert redrawn() == 3 and redrawn() == 0
    folder.write('b', np.array([[1, 0]], np.uint8).repeat(4, axis=0))
    Image.new('RGB', (2, 4), 'grey').save(tmp_path / 'photos/b.png')
    for _ in range(2):  # drawn, and taken from the run before
        items = [(['a.png', 'b.png', 'c.png'], folder)]
        shares = write_results(items, tmp_path / 'photos', tmp_path / 'run', workers=0)
        assert shares == [0, 0.5, 0]
    folder.write('b', labels)
    Image.new('RGB', (5, 4), 'grey').save(tmp_path / 'photos/b.png')
    assert redrawn() == 1
    folder.write('b', labels + 1)
    Image.new('RGB', (5, 4), 'white').save(tmp_path / 'photos/c.png')
    assert redrawn() == 2 and redrawn() == 0
    (tmp_path / 'run/overlays/a.jpg').write_bytes(b'damaged')
    assert redrawn() == 1
