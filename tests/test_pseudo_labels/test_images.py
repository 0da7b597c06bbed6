"""The images that labels are made for."""

from pathlib import Path

from PIL import Image

from mmwsss.pseudo_labels.images import TaggedImage, sort_by_size


def test_images_are_sorted_by_size(tmp_path: Path):
    sizes = {'a': (8, 5), 'b': (5, 8), 'c': (8, 5), 'd': (5, 9), 'e': (5, 8)}
    for name, size in sizes.items():
        Image.new('RGB', size).save(tmp_path / f'{name}.png')
    (tmp_path / 'bad.png').write_bytes(b'no image')
    images = [TaggedImage(n, str(tmp_path / f'{n}.png'), (), None) for n in [*sizes, 'bad', 'none']]
    assert ''.join(image.img_id[0] for image in sort_by_size(images)) == 'bnbedac'
