"""Images with image-level labels: VOC layout, or any folder with a label file."""

import os.path as osp
from collections.abc import Callable, Sequence

from mmpretrain.datasets import MultiLabelDataset

from mmwsss.registry import DATASETS, TRANSFORMS
from mmwsss.structures import DataError

from .labels import LabelTable, read_label_file, read_xml
from .masks import mask_labels
from .names import check_classes, closest_name, path_on_disk
from .seeding import SeededTransforms
from .splits import image_file, image_id, read_split
from .voc import VOC_CLASSES, voc_palette

DEFAULT_FOLDERS = {
    'xml': ('xml_path', 'Annotations'),
    'mask': ('seg_map_path', 'SegmentationClass'),
}
NEGATIVES = ('refuse', 'keep', 'drop')


@DATASETS.register_module()
class ImageLevelDataset(SeededTransforms, MultiLabelDataset):
    """Images with the classes that they show, but not where they show them.

    Faults of the data (missing image or mask, unknown class, image without label, duplicate,
    empty split) are raised as :class:`DataError` when the dataset is loaded, before training
    starts. docs/data.md shows the formats.

    A sample has ``img_path``, ``img_id`` (the image's path below the image root, without suffix),
    ``gt_label`` (ascending class indices), ``num_classes`` and, where ``data_prefix`` names a
    ``seg_map_path``, the mask's ``seg_map_path``.

    Args:
        ann_file (str): Split file, one image a line. Defaults to '': every image of
            ``label_file``.
        label_source (str): Where the classes of an image are read: 'file', 'xml' (VOC annotations)
            or 'mask'. Defaults to 'file'.
        label_file (str): Tags of the images, ``.txt``, ``.csv`` or ``.json``, for
            ``label_source='file'``.
        data_root (str): Root of all relative paths.
        data_prefix (dict | str): ``img_path``, the image root; ``seg_map_path``, the root of the
            masks, given where masks are asked for; ``xml_path``, the root of the annotations. A
            string is the image root.
        img_suffix (str): Suffix of images that are named without one. Defaults to '.jpg'.
        seg_map_suffix (str): Suffix of masks. Defaults to '.png'.
        count_difficult (bool): Whether to count VOC objects marked "difficult", as the published
            label files do. Defaults to True.
        negatives (str): What to do with images that are named, but show none of the classes:
            'refuse' takes them for a mistake, 'keep' trains with all labels 0, 'drop' leaves them
            out. Defaults to 'refuse'.
        metainfo (dict, optional): ``classes``, the names of the foreground classes. Defaults to
            those of a JSON label file.
        pipeline (Sequence): Transforms, of mmwsss, mmcv or by a scope's prefix.
        **kwargs: Arguments of mmengine's ``BaseDataset``.
    """

    def __init__(
        self,
        ann_file: str = '',
        label_source: str = 'file',
        label_file: str = '',
        data_root: str = '',
        data_prefix: dict | str = {'img_path': 'JPEGImages'},  # noqa: B006 (copied below)
        img_suffix: str = '.jpg',
        seg_map_suffix: str = '.png',
        count_difficult: bool = True,
        negatives: str = 'refuse',
        metainfo: dict | None = None,
        pipeline: Sequence[dict | Callable] = (),
        **kwargs,
    ) -> None:
        _check_sources(label_source, label_file, ann_file)
        if negatives not in NEGATIVES:
            raise ValueError(f'negatives is {negatives!r}; use one of {", ".join(NEGATIVES)}')
        folders = {'img_path': data_prefix} if isinstance(data_prefix, str) else dict(data_prefix)
        if label_source in DEFAULT_FOLDERS:
            folders.setdefault(*DEFAULT_FOLDERS[label_source])
        self.label_source = label_source
        self.label_file = osp.join(data_root, label_file) if label_file else ''
        self.img_suffix = img_suffix
        self.seg_map_suffix = seg_map_suffix
        self.count_difficult = count_difficult
        self.negatives = negatives
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=folders,
            metainfo=metainfo,
            pipeline=[TRANSFORMS.build(t) if isinstance(t, dict) else t for t in pipeline],
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Read split and labels, and check them.

        Returns:
            list[dict]: Sample of each image.

        Raises:
            DataError: If the data has a fault. Names the file, and the line where there is one.
        """
        table = LabelTable()
        if self.label_file:
            table = read_label_file(self.label_file, negatives=self.negatives != 'refuse')
        if table.classes is not None:
            self._metainfo.setdefault('classes', table.classes)
        source = self.label_file or self.ann_file
        classes = check_classes(self._metainfo.get('classes'), source)
        self._metainfo['classes'] = classes
        class_to_idx = {name: index for index, name in enumerate(classes)}
        if self.ann_file:
            split = read_split(self.ann_file)
        else:
            split = {tags.key: tags.where for tags in table.tags.values()}
        places = list(split.values())
        data_list = [self._locate(key, where) for key, where in split.items()]
        check_files_exist(data_list, places, 'img_path', 'image')
        check_files_exist(data_list, places, 'seg_map_path', 'mask')
        for info, where in zip(data_list, places):
            info['gt_label'] = self._labels_of(info, where, table, class_to_idx)
            info['num_classes'] = len(class_to_idx)
        if self.negatives == 'drop':
            data_list = [info for info in data_list if info['gt_label']]
            if not data_list:
                raise DataError(f'{source}: no image shows one of the classes; tag some')
        return data_list

    def _locate(self, key: str, where: str) -> dict:
        """Return the id and the path of an image and, where masks are asked for, of its mask."""
        img_id = image_id(key, where)
        path = osp.join(self.img_prefix, image_file(key, self.img_suffix))
        info = {'img_path': path_on_disk(path), 'img_id': img_id}
        if 'seg_map_path' in self.data_prefix:
            mask = img_id + self.seg_map_suffix
            info['seg_map_path'] = path_on_disk(osp.join(self.data_prefix['seg_map_path'], mask))
        return info

    def _labels_of(
        self, info: dict, where: str, table: LabelTable, class_to_idx: dict[str, int]
    ) -> list[int]:
        """Return the ascending class indices of an image."""
        img_id = info['img_id']
        named = True
        if self.label_source == 'mask':
            where = info['seg_map_path']
            labels = mask_labels(where, len(class_to_idx))
        elif self.label_source == 'xml':
            where = path_on_disk(osp.join(self.data_prefix['xml_path'], img_id + '.xml'))
            labels = _to_indices(read_xml(where, self.count_difficult), where, class_to_idx)
        elif img_id in table.tags:
            names, where, _ = table.tags[img_id]
            labels = _to_indices(names, where, class_to_idx)
        else:
            where, labels, named = f'{where}: not in {self.label_file}', [], False
        if not labels and (self.negatives == 'refuse' or not named):
            raise DataError(f'{where}: image {img_id!r} has no label; add one or remove it')
        return labels


# VOC's classes are the benchmark's, not a choice of a config.
@DATASETS.register_module()
class VOCImageLevelDataset(ImageLevelDataset):
    """:class:`ImageLevelDataset` with the classes and colours of PASCAL VOC."""

    METAINFO = {'classes': VOC_CLASSES, 'palette': voc_palette(len(VOC_CLASSES) + 1)[1:]}


def _check_sources(label_source: str, label_file: str, ann_file: str) -> None:
    if label_source not in ('file', *DEFAULT_FOLDERS):
        raise ValueError(f"label_source is {label_source!r}; use 'file', 'xml' or 'mask'")
    if (label_source == 'file') != bool(label_file):
        raise ValueError("label_file and label_source='file' belong together; give both or neither")
    if not (ann_file or label_file):
        raise ValueError(f'label_source={label_source!r} needs a split; give ann_file')


def _to_indices(names: Sequence[str], where: str, class_to_idx: dict[str, int]) -> list[int]:
    for name in names:
        if name not in class_to_idx:
            raise DataError(
                f'{where}: unknown class {name!r}{closest_name(name, list(class_to_idx))}; correct '
                f'it, or add it to the classes ({", ".join(class_to_idx)})'
            )
    return sorted(class_to_idx[name] for name in names)


def check_files_exist(
    data_list: list[dict],
    places: list[str],
    key: str,
    what: str,
    remedy: str = 'add it, correct data_root, data_prefix or suffix, or remove the entry',
) -> None:
    """Check that the files that samples name exist.

    Args:
        data_list (list[dict]): Samples; those without ``key`` are passed over.
        places (list[str]): Place that names each sample, ``file:line``.
        key (str): Key of the path in a sample.
        what (str): What the file is, for the error.
        remedy (str): What the user can do, for the error.

    Raises:
        DataError: If a file does not exist. Names the first.
    """
    missing = [i for i, info in enumerate(data_list) if key in info and not osp.isfile(info[key])]
    if missing:
        more = f' (and {len(missing) - 1} more)' if len(missing) > 1 else ''
        raise DataError(
            f'{places[missing[0]]}: no {what} {data_list[missing[0]][key]}{more}; {remedy}'
        )
