"""Images with a label for every pixel: pseudo-labels to train on, true masks to measure."""

import os.path as osp
from collections.abc import Callable, Sequence

from mmseg.datasets import BaseSegDataset

from mmwsss.registry import DATASETS

from .image_level import check_files_exist
from .label_folder import META_NAME, LabelFolder
from .labels import read_label_file
from .names import BACKGROUND, check_classes, path_on_disk
from .seeding import SeededTransforms
from .splits import image_file, image_id, read_lines, read_split
from .voc import VOC_CLASSES, voc_palette

MAKE_LABELS = 'make it with tools/make_pseudo_labels.py, correct label_dir, or remove the entry'


@DATASETS.register_module()
class PseudoLabelDataset(SeededTransforms, BaseSegDataset):
    """mmseg's dataset over masks that a program made, which are checked before they train.

    An image or label that is missing, a duplicate, an empty split and labels that were made for
    other classes are raised as :class:`DataError` when the dataset is loaded; a label of another
    size or with an index that is no class, when it is read, or before training by
    ``--check-data``.

    ``metainfo['classes']`` is 'background' and the foreground classes, ``palette`` VOC's. A sample
    has ``img_path``, ``img_id`` (the image's path below the image root, without suffix),
    ``seg_map_path`` and, with ``weight_dir``, ``weight_path``. docs/segmentation.md shows both
    kinds of file.

    Args:
        ann_file (str): Split file, one image a line. Defaults to '': every image of
            ``label_file``.
        label_file (str): Tags of the images, ``.txt``, ``.csv`` or ``.json``. Its images are read
            and, of a JSON, its classes.
        label_dir (str): Folder of the labels, relative to the working directory, not to
            ``data_root``: a LabelFolder of kind 'pseudo', or any folder of masks. Takes the place
            of the ``seg_map_path`` in ``data_prefix``.
        weight_dir (str): Folder of 8-bit gray PNGs, relative to the working directory: weight of
            each pixel in the loss, 255 for 1 and 0 for 0. Defaults to '': 1 for every pixel.
        data_root (str): Root of all other relative paths.
        data_prefix (dict): ``img_path``, the image root, and ``seg_map_path``, the root of the
            masks. Without masks (a test set) leave the latter out.
        img_suffix (str): Suffix of images that are named without one. Defaults to '.jpg'.
        metainfo (dict, optional): ``classes``, the names of the foreground classes or a file with
            one a line. Defaults to the classes of a JSON label file.
        pipeline (Sequence): Transforms; ``mmwsss.LoadPseudoLabel`` reads label and weights, and
            ``LoadImageFromFile`` stands for ``mmwsss.LoadImage``.
        **kwargs: Arguments of mmseg's ``BaseSegDataset``.
    """

    def __init__(
        self,
        ann_file: str = '',
        label_file: str = '',
        label_dir: str = '',
        weight_dir: str = '',
        data_root: str = '',
        data_prefix: dict = {'img_path': 'JPEGImages'},  # noqa: B006 (the parent copies it)
        img_suffix: str = '.jpg',
        metainfo: dict | None = None,
        pipeline: Sequence[dict | Callable] = (),
        **kwargs,
    ) -> None:
        if not (ann_file or label_file):
            raise ValueError('which images? Give ann_file, a split, or label_file')
        if kwargs.get('reduce_zero_label'):
            raise ValueError('reduce_zero_label=True: in these labels 0 is background, a class')
        self.label_file = osp.join(data_root, label_file) if label_file else ''
        self.label_dir = label_dir
        self.weight_dir = weight_dir
        metainfo = dict(metainfo or {})
        metainfo['classes'] = self._all_classes(metainfo.get('classes'))
        metainfo.setdefault('palette', voc_palette(len(metainfo['classes'])))
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            img_suffix=img_suffix,
            metainfo=metainfo,
            pipeline=[_load_checked(step) for step in pipeline],
            **kwargs,
        )

    def _all_classes(self, classes: Sequence[str] | str | None) -> tuple[str, ...]:
        """Return 'background' and the foreground classes."""
        classes = classes or self.METAINFO.get('classes')
        if isinstance(classes, str) and osp.isfile(classes):  # mmengine's way to name a file
            classes = [line for _, line in read_lines(classes)]
        if not classes and self.label_file:
            classes = read_label_file(self.label_file, negatives=True).classes
        named = not isinstance(classes, str) and classes and classes[0] == BACKGROUND
        foreground = classes[1:] if classes and named else classes
        return (BACKGROUND, *check_classes(foreground, self.label_file or 'metainfo'))

    @classmethod
    def get_label_map(cls, new_classes: Sequence[str] | None = None) -> None:
        """Return no map: the values of a mask are the indices of the classes themselves.

        Args:
            new_classes (Sequence[str], optional): Classes that a config asks for.

        Raises:
            ValueError: If the dataset has classes of its own and these are others.
        """
        own = cls.METAINFO.get('classes')
        if own and new_classes and tuple(new_classes) != tuple(own):
            raise ValueError(
                f'{cls.__name__} has its own classes; for {list(new_classes)} use '
                'PseudoLabelDataset'
            )

    def _join_prefix(self) -> None:
        super()._join_prefix()
        folders = {'seg_map_path': self.label_dir, 'weight_path': self.weight_dir}
        self.data_prefix.update({key: folder for key, folder in folders.items() if folder})

    def load_data_list(self) -> list[dict]:
        """Read the split and check that every file is there.

        Returns:
            list[dict]: Sample of each image.

        Raises:
            DataError: If the data has a fault. Names the file, and the line where there is one.
        """
        self._check_label_dir()
        if self.ann_file:
            split = read_split(self.ann_file)
        else:
            tags = read_label_file(self.label_file, negatives=True).tags.values()
            split = {tag.key: tag.where for tag in tags}
        places = list(split.values())
        data_list = [self._locate(key, where) for key, where in split.items()]
        check_files_exist(data_list, places, 'img_path', 'image')
        if self.label_dir:
            check_files_exist(data_list, places, 'seg_map_path', 'pseudo-label', MAKE_LABELS)
        check_files_exist(data_list, places, 'seg_map_path', 'mask')
        check_files_exist(data_list, places, 'weight_path', 'weights')
        return data_list

    def _check_label_dir(self) -> None:
        """Check the kind and the classes of the labels if their folder is a LabelFolder."""
        if self.label_dir and osp.isfile(osp.join(self.label_dir, META_NAME)):
            LabelFolder.open(self.label_dir, 'pseudo', self.metainfo['classes'][1:])

    def _locate(self, key: str, where: str) -> dict:
        img_id = image_id(key, where)
        info = {
            'img_path': path_on_disk(
                osp.join(self.data_prefix['img_path'], image_file(key, self.img_suffix))
            ),
            'img_id': img_id,
            'num_classes': len(self.metainfo['classes']) - 1,
            'label_map': self.label_map,
            'reduce_zero_label': self.reduce_zero_label,
            'seg_fields': [],
        }
        for name in ('seg_map_path', 'weight_path'):
            if self.data_prefix.get(name) is not None:
                path = osp.join(self.data_prefix[name], img_id + self.seg_map_suffix)
                info[name] = path_on_disk(path)
        return info


def _load_checked(step: dict | Callable) -> dict | Callable:
    """Let images be read by mmwsss's loader under the name that mmseg's inferencer looks for."""
    if isinstance(step, dict) and step.get('type') == 'LoadImageFromFile':
        return dict(step, type='mmwsss.LoadImage')
    return step


# VOC's classes are the benchmark's, not a choice of a config.
@DATASETS.register_module()
class VOCPseudoLabelDataset(PseudoLabelDataset):
    """:class:`PseudoLabelDataset` with the classes of PASCAL VOC."""

    METAINFO = {'classes': (BACKGROUND, *VOC_CLASSES)}
