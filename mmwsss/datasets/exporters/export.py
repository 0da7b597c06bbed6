"""Export of a folder of masks, in one of several forms."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from mmwsss.datasets.converters.image_search import find_images
from mmwsss.datasets.exif import displayed_size
from mmwsss.datasets.label_folder import META_NAME, LabelFolder
from mmwsss.datasets.masks import mask_values, read_mask
from mmwsss.structures import DataError, img_id_path, read_json

from .coco import write_coco
from .cvat import write_cvat
from .label_studio import PREFIX, write_label_studio
from .labelled_image import LabelledImage
from .labelme import write_labelme

FORMS = ('coco', 'coco-polygons', 'labelme', 'cvat', 'label-studio')


def export_masks(
    masks: Path,
    root: Path,
    out: Path,
    form: str,
    classes: Sequence[str] | None = None,
    prefix: str = PREFIX,
) -> int:
    """Write masks in a form that other tools read.

    Args:
        masks (Path): Folder of indexed PNGs, each named like its image.
        root (Path): Folder of the images; those without a mask are left out.
        out (Path): Folder to write into.
        form (str): One of ``FORMS``.
        classes (Sequence[str], optional): Names of the foreground classes. Defaults to None: those
            that the folder of the masks names.
        prefix (str): What Label Studio's addresses of images begin with, see
            ``write_label_studio``.

    Returns:
        int: Number of images.

    Raises:
        DataError: If a mask has no image or another size than it, or holds a value that is no
            class; or if nothing names the classes.
        ValueError: If there is no such form.
    """
    names = tuple(classes or _read_classes(masks))
    return write_form(_labelled_images(masks, root, len(names)), names, root, out, form, prefix)


def write_form(
    images: Iterable[LabelledImage],
    names: Sequence[str],
    root: Path,
    out: Path,
    form: str,
    prefix: str = PREFIX,
) -> int:
    """Write label maps in a form that other tools read, one after the other.

    Args:
        images (Iterable[LabelledImage]): The images.
        names (Sequence[str]): Names of the foreground classes.
        root (Path): Folder of the images.
        out (Path): Folder to write into.
        form (str): One of ``FORMS``.
        prefix (str): See :func:`export_masks`.

    Returns:
        int: Number of images.

    Raises:
        ValueError: If there is no such form.
    """
    if form in ('coco', 'coco-polygons'):
        return write_coco(images, names, out, polygons=form == 'coco-polygons')
    if form == 'labelme':
        return write_labelme(images, names, out, root)
    if form == 'cvat':
        return write_cvat(images, names, out)
    if form == 'label-studio':
        return write_label_studio(images, names, out, prefix)
    raise ValueError(f'no form {form!r}; take one of {", ".join(FORMS)}')


def _read_classes(masks: Path) -> list[str]:
    path = masks / META_NAME
    if not path.is_file():
        raise DataError(f'{path}: no such file, so nothing names the classes; give --classes')
    kind = read_json(path, 'give --classes', lambda meta: meta['kind'])
    return list(LabelFolder.open(masks, kind).classes)


def _labelled_images(masks: Path, root: Path, num_classes: int) -> Iterator[LabelledImage]:
    if not masks.is_dir():
        raise DataError(f'{masks}: no such folder; correct the path')
    images = find_images(root)
    found = sorted(path.relative_to(masks).as_posix() for path in masks.rglob('*.png'))
    ids = [name[: -len('.png')] for name in found]
    unknown = [img_id for img_id in ids if img_id not in images]
    if unknown or not ids:
        what = f'{unknown[0]}.png: no image of this name in {root}' if unknown else 'no mask *.png'
        raise DataError(f'{masks}: {what}; correct the folders')
    for img_id in ids:
        path = img_id_path(masks, img_id, '.png')
        labels = read_mask(path)
        mask_values(labels, num_classes, path)
        _check_size(path, labels.shape, root / images[img_id])
        yield LabelledImage(images[img_id], labels)


def _check_size(path: Path, shape: tuple[int, ...], image: Path) -> None:
    """Compare with the size at which the image is displayed; reads its head alone."""
    try:
        with Image.open(image) as opened:
            width, height = displayed_size(opened)
    except OSError as error:
        raise DataError(f'{image}: unreadable image ({error}); replace it') from None
    if shape != (height, width):
        raise DataError(
            f'{path}: the mask is {shape[1]}x{shape[0]}, its image {width}x{height}; make it anew'
        )
