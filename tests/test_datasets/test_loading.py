import io
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from mmwsss.datasets import DataError
from mmwsss.datasets.masks import mask_labels, read_mask
from mmwsss.datasets.transforms import LoadImage, LoadSegMap, loading, read_rgb

ORIENTATION = 0x0112


def make_image(height: int = 9, width: int = 14) -> Image.Image:
    """Return an image without symmetry: a smooth ramp of colours and one odd corner."""
    rows, cols = np.mgrid[:height, :width]
    pixels = np.stack([rows * 20, cols * 15, rows * 7 + cols * 9], axis=2).astype(np.uint8)
    pixels[:3, :4] = (250, 10, 90)
    return Image.fromarray(pixels)


def load(path: Path, **settings) -> np.ndarray:
    results = LoadImage(**settings)({'img_path': str(path)})
    assert results['img_shape'] == results['img'].shape[:2]
    if 'shrink_to' not in settings:
        assert results['ori_shape'] == results['img_shape']
    assert results['img'].dtype == np.uint8 and results['img'].shape[2] == 3
    return results['img'][..., ::-1]


@pytest.mark.parametrize('mode', ['1', 'L', 'LA', 'P', 'RGB', 'RGBA'])
def test_every_mode_of_png_decodes_to_what_pil_shows(tmp_path: Path, mode: str) -> None:
    image = make_image().convert(mode)
    image.save(tmp_path / 'a.png')
    np.testing.assert_array_equal(load(tmp_path / 'a.png'), np.asarray(image.convert('RGB')))


def test_alpha_is_dropped_not_blended(tmp_path: Path) -> None:
    image = make_image()
    image.putalpha(0)
    image.save(tmp_path / 'a.png')
    np.testing.assert_array_equal(load(tmp_path / 'a.png'), np.asarray(make_image()))


@pytest.mark.parametrize('mode', ['L', 'RGB', 'CMYK'])
def test_every_mode_of_jpeg_decodes_to_what_pil_shows(tmp_path: Path, mode: str) -> None:
    make_image(32, 48).convert(mode).save(tmp_path / 'a.jpg', quality=95)
    with Image.open(tmp_path / 'a.jpg') as image:
        assert image.mode == mode
        shown = np.asarray(image.convert('RGB')).astype(int)
    assert np.abs(load(tmp_path / 'a.jpg') - shown).max() <= 2


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_16_bit_images_keep_the_high_byte(tmp_path: Path, channels: int, suffix: str) -> None:
    rng = np.random.default_rng(0)
    high = rng.integers(0, 256, (6, 5, channels), dtype=np.uint16)
    low = rng.integers(0, 256, high.shape, dtype=np.uint16)
    path = tmp_path / f'a{suffix}'
    cv2.imwrite(str(path), high[..., ::-1] * 256 + low)
    expected = np.broadcast_to(high, (6, 5, 3))
    # A decoder may cut or round the low byte.
    assert np.abs(load(path).astype(int) - expected).max() <= 1


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f'a{suffix}'
    make_image(24, 40).save(path, exif=exif, quality=95)
    with Image.open(path) as image:
        shown = np.asarray(ImageOps.exif_transpose(image)).astype(int)
    assert shown.shape[:2] == ((24, 40) if orientation < 5 else (40, 24))
    img = load(path)
    assert img.shape == shown.shape and np.abs(img - shown).max() <= 2


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_a_truncated_image_is_named_at_every_length(tmp_path: Path, suffix: str) -> None:
    buffer = io.BytesIO()
    make_image().save(buffer, Image.registered_extensions()[suffix])
    content = buffer.getvalue()
    path = tmp_path / f'cut{suffix}'
    for length in [*range(0, len(content) - 12, 7), len(content) - 12]:
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r'unreadable image .*; replace it') as error:
            load(path)
        assert str(error.value).startswith(str(path)) and '\n' not in str(error.value)


def test_absent_and_foreign_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'absent\.jpg: unreadable'):
        load(tmp_path / 'absent.jpg')
    for settings in ({}, {'shrink_to': 100}):
        (tmp_path / 'text.jpg').write_text('hello')
        with pytest.raises(DataError, match=r'text\.jpg: unreadable'):
            load(tmp_path / 'text.jpg', **settings)


@pytest.mark.parametrize(('shrink_to', 'factor'), [(401, 1), (200, 2), (101, 2), (100, 4), (30, 8)])
def test_large_images_are_decoded_smaller_but_never_below_the_limit(
    tmp_path: Path, shrink_to: int, factor: int
) -> None:
    image = make_image(9, 14).resize((400, 240), Image.Resampling.BICUBIC)
    image.save(tmp_path / 'a.jpg', quality=95)
    img = load(tmp_path / 'a.jpg', shrink_to=shrink_to)
    assert img.shape[:2] == (240 // factor, 400 // factor)
    expected = np.asarray(image.reduce(factor)).astype(int)
    assert np.abs(img - expected).mean() < 2


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('size', [(400, 240), (401, 243), (399, 400)])
def test_a_file_that_is_decoded_smaller_keeps_its_size_as_displayed(
    tmp_path: Path, orientation: int, size: tuple[int, int]
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    make_image(9, 14).resize(size).save(tmp_path / 'a.jpg', exif=exif)
    whole = load(tmp_path / 'a.jpg')
    results = LoadImage(shrink_to=100)({'img_path': str(tmp_path / 'a.jpg')})
    assert results['ori_shape'] == whole.shape[:2]
    factor = 4 if max(size) >= 400 else 2
    assert results['img_shape'] == tuple(-(-side // factor) for side in whole.shape[:2])


def mask_results(path: Path, shape: tuple[int, int] = (6, 5)) -> dict:
    return {'seg_map_path': str(path), 'img_path': 'a.jpg', 'ori_shape': shape, 'num_classes': 3}


INDICES = np.array([[0, 1, 2, 3, 255]] * 6, np.uint8)


@pytest.mark.parametrize('palette', [False, True])
def test_palette_and_gray_masks_give_their_indices(tmp_path: Path, palette: bool) -> None:
    image = Image.fromarray(INDICES)
    if palette:
        image.putpalette(list(np.random.default_rng(0).integers(0, 256, 768)))
    image.save(tmp_path / 'm.png')
    seg_map = LoadSegMap()(mask_results(tmp_path / 'm.png'))['gt_seg_map']
    np.testing.assert_array_equal(seg_map, INDICES)
    assert seg_map.dtype == np.uint8 and seg_map.flags.writeable
    assert mask_labels(tmp_path / 'm.png', 3) == [0, 1, 2]


def test_a_mask_follows_the_displayed_image(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    make_image(5, 6).save(tmp_path / 'a.jpg', exif=exif)
    Image.fromarray(INDICES).save(tmp_path / 'upright.png')
    Image.fromarray(np.ascontiguousarray(INDICES.T)).save(tmp_path / 'as_stored.png')
    results = LoadImage()({'img_path': str(tmp_path / 'a.jpg'), 'num_classes': 3})
    upright = LoadSegMap()({**results, 'seg_map_path': str(tmp_path / 'upright.png')})
    np.testing.assert_array_equal(upright['gt_seg_map'], INDICES)
    with pytest.raises(DataError, match=r'as_stored\.png: the mask is 6x5, its image 5x6 .*EXIF'):
        LoadSegMap()({**results, 'seg_map_path': str(tmp_path / 'as_stored.png')})


@pytest.mark.parametrize('value', [4, 254])
def test_a_mask_value_that_is_no_class_is_named(tmp_path: Path, value: int) -> None:
    mask = INDICES.copy()
    mask[5, 2] = value
    Image.fromarray(mask).save(tmp_path / 'm.png')
    with pytest.raises(DataError, match=rf'm\.png: value {value} is no class; use 0'):
        LoadSegMap()(mask_results(tmp_path / 'm.png'))


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', '1', 'I;16'])
def test_a_mask_of_colours_is_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (5, 6)).save(tmp_path / 'm.png')
    with pytest.raises(DataError, match=r'm\.png: a mask of mode .*; save class indices'):
        read_mask(tmp_path / 'm.png')


def test_an_unreadable_mask_is_named_at_every_length(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no such mask'):
        read_mask(tmp_path / 'absent.png')
    Image.fromarray(INDICES).save(tmp_path / 'm.png')
    content = (tmp_path / 'm.png').read_bytes()
    path = tmp_path / 'cut.png'
    refused = 0
    for length in range(len(content)):
        path.write_bytes(content[:length])
        try:
            mask = read_mask(path)
        except DataError as error:
            assert str(error).startswith(f'{path}: unreadable mask')
            refused += 1
        else:  # only what follows the pixels was cut off
            np.testing.assert_array_equal(mask, INDICES)
    assert refused > content.index(b'IDAT') + 8


def test_masks_that_were_not_asked_for_are_an_error_with_a_remedy() -> None:
    with pytest.raises(DataError, match=r'a\.jpg: no mask is given; name the masks in data_prefix'):
        LoadSegMap()({'img_path': 'a.jpg', 'ori_shape': (6, 5), 'num_classes': 3})


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
@pytest.mark.parametrize('shrink_to', [None, 16])
def test_images_above_pillow_s_limit_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, shrink_to: int | None
) -> None:
    make_image(48, 64).save(tmp_path / f'a{suffix}')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(tmp_path / f'a{suffix}')
    img = load(tmp_path / f'a{suffix}', shrink_to=shrink_to)
    assert img.shape[:2] == ((48, 64) if shrink_to is None else (12, 16))


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.tif', '.webp'])
def test_images_that_are_too_large_are_named_before_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f'a{suffix}'
    make_image(48, 64).save(path)
    monkeypatch.setattr(loading, 'MAX_PIXELS', 3000)
    monkeypatch.setattr(LoadImage, '_decode', None)
    with pytest.raises(DataError, match='64x48 are more than 3000 pixels; cut it') as error:
        load(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize('bits', [10, 12, 14])
@pytest.mark.parametrize('suffix', ['.png', '.tif', '.ppm'])
def test_low_bits_in_16_are_a_warning_and_are_scaled_by_config(
    tmp_path: Path, suffix: str, bits: int
) -> None:
    image = np.asarray(make_image()).astype(np.uint16)
    path = tmp_path / f'a{suffix}'
    cv2.imwrite(str(path), image[..., ::-1] << (bits - 8))
    with pytest.warns(UserWarning, match=r'16 bits, of which .*dict\(image_bits=12\)') as caught:
        load(path)
    assert str(caught[0].message).startswith(str(path))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        np.testing.assert_array_equal(read_rgb(str(path), bits), image)


def test_dark_images_of_8_bits_are_no_warning(tmp_path: Path) -> None:
    Image.new('RGB', (6, 5), (1, 2, 3)).save(tmp_path / 'a.png')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert load(tmp_path / 'a.png').max() == 3


@pytest.mark.parametrize('mode', ['F', 'I'])
def test_images_of_32_bits_are_refused_by_name(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (6, 5)).save(tmp_path / 'a.tif')
    with pytest.raises(DataError, match=r'a\.tif: unreadable image'):
        load(tmp_path / 'a.tif')
