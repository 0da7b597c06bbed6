"""Pictures with image-level labels: VOC layout, or any folder with a label file."""

import os.path as osp
from collections.abc import Callable, Sequence

from mmpretrain.datasets import MultiLabelDataset

from mmwsss.registry import DATASETS, TRANSFORMS

from .labels import (
    IGNORE_INDEX,
    IMG_SUFFIXES,
    DataError,
    LabelTable,
    Tags,
    check_mask_values,
    read_label_file,
    read_mask,
    read_split,
    read_xml,
    strip_suffix,
)
from .voc import VOC_CLASSES, voc_palette

LABEL_SOURCES = ('file', 'xml', 'mask')


@DATASETS.register_module()
class ImageLevelDataset(MultiLabelDataset):
    """Multi-label dataset for weak supervision: which classes a picture shows, not where.

    Faults of the data (missing picture, unknown class, picture without label, duplicate, empty
    split, missing mask) are raised as :class:`~mmwsss.datasets.labels.DataError` when the dataset
    is loaded, before training starts. Formats: docs/data.md.

    Each sample has ``img_path``, ``img_id`` (path relative to the image root, without suffix),
    ``gt_label`` (ascending class indices), ``num_classes`` and, where masks are asked for,
    ``seg_map_path``.

    Args:
        ann_file: Split file, one picture a line. Empty: every picture of ``label_file``.
        label_source: ``'file'``, ``'xml'`` (VOC annotations) or ``'mask'``.
        label_file: ``.txt``, ``.csv`` or ``.json`` of tags; for ``label_source='file'``.
        data_root: Root of all relative paths.
        data_prefix: ``img_path``: image root; ``seg_map_path``: root of index masks, given where
            masks are asked for; ``xml_path``: root of the annotations.
        img_suffix: Suffix of pictures that are named without one.
        seg_map_suffix: Suffix of masks.
        count_difficult: Count VOC objects marked "difficult", as the published label files do.
        metainfo: ``classes``: names of the foreground classes. Default: those of a JSON.
        **kwargs: Arguments of mmpretrain's ``BaseDataset``.
    """

    def __init__(
        self,
        ann_file: str = '',
        label_source: str = 'file',
        label_file: str = '',
        data_root: str = '',
        data_prefix: dict | str | None = None,
        img_suffix: str = '.jpg',
        seg_map_suffix: str = '.png',
        count_difficult: bool = True,
        metainfo: dict | None = None,
        pipeline: Sequence[dict | Callable] = (),
        **kwargs,
    ) -> None:
        if label_source not in LABEL_SOURCES:
            raise ValueError(f'label_source is {label_source!r}; use one of {LABEL_SOURCES}')
        if (label_source == 'file') != bool(label_file):
            raise ValueError("label_file belongs to label_source='file'; give both or neither")
        if not ann_file and label_source != 'file':
            raise ValueError(f'label_source={label_source!r} needs a split: give ann_file')
        if data_prefix is None:
            data_prefix = {'img_path': 'JPEGImages'}
        self.label_source = label_source
        self.label_file = osp.join(data_root, label_file) if label_file else ''
        self.img_suffix = img_suffix
        self.seg_map_suffix = seg_map_suffix
        self.count_difficult = count_difficult
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            metainfo=metainfo,
            pipeline=[TRANSFORMS.build(t) if isinstance(t, dict) else t for t in pipeline],
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Read split and labels, check them, and return one dict per picture."""
        table = read_label_file(self.label_file) if self.label_source == 'file' else LabelTable()
        if table.classes is not None:
            self._metainfo.setdefault('classes', table.classes)
        if not self._metainfo.get('classes'):
            raise DataError(f'{self.label_file or self.ann_file}: no class names; set metainfo')
        if self.ann_file:
            split = read_split(self.ann_file)
        else:
            split = {tags.key: tags.where for tags in table.tags.values()}
        data_list = [self._locate(key, where) for key, where in split.items()]
        _check_exist(data_list, 'img_path', 'picture')
        _check_exist(data_list, 'seg_map_path', 'mask')
        class_to_idx = self.class_to_idx
        for info in data_list:
            info['gt_label'] = self._labels_of(info, table, class_to_idx)
            info['num_classes'] = len(class_to_idx)
            del info['where']
        return data_list

    def _locate(self, key: str, where: str) -> dict:
        """Return the paths of a picture and, where masks are asked for, of its mask."""
        img_id = strip_suffix(key)
        has_suffix = osp.splitext(key)[1].lower() in IMG_SUFFIXES
        name = key if has_suffix else key + self.img_suffix
        info = {'img_path': osp.join(self.img_prefix, name), 'img_id': img_id, 'where': where}
        if 'seg_map_path' in self.data_prefix:
            mask = img_id + self.seg_map_suffix
            info['seg_map_path'] = osp.join(self.data_prefix['seg_map_path'], mask)
        return info

    def _labels_of(self, info: dict, table: LabelTable, class_to_idx: dict[str, int]) -> list[int]:
        """Return the ascending class indices of a picture."""
        if self.label_source == 'mask':
            path = info['seg_map_path']
            values = check_mask_values(read_mask(path), len(class_to_idx), path)
            labels = [int(value) - 1 for value in values if 0 < value != IGNORE_INDEX]
            where = path
        else:
            tags = self._tags_of(info, table)
            unknown = [name for name in tags.names if name not in class_to_idx]
            if unknown:
                raise DataError(
                    f'{tags.where}: unknown class {unknown[0]!r}; '
                    f'the classes are {", ".join(class_to_idx)}'
                )
            labels = sorted(class_to_idx[name] for name in tags.names)
            where = tags.where
        if not labels:
            raise DataError(
                f'{where}: picture {info["img_id"]!r} has no label; add one or remove the picture'
            )
        return labels

    def _tags_of(self, info: dict, table: LabelTable) -> Tags:
        if self.label_source == 'xml':
            xml = osp.join(self.data_prefix['xml_path'], info['img_id'] + '.xml')
            return read_xml(xml, self.count_difficult)
        if info['img_id'] not in table.tags:
            raise DataError(
                f'{info["where"]}: picture {info["img_id"]!r} has no label in {self.label_file}; '
                'add one or remove the picture from the split'
            )
        return table.tags[info['img_id']]


@DATASETS.register_module()
class VOCImageLevelDataset(ImageLevelDataset):
    """:class:`ImageLevelDataset` with the classes and colours of PASCAL VOC."""

    METAINFO = {'classes': VOC_CLASSES, 'palette': voc_palette(len(VOC_CLASSES) + 1)[1:]}


def _check_exist(data_list: list[dict], key: str, what: str) -> None:
    """Raise on files that are named but do not exist."""
    missing = [info for info in data_list if key in info and not osp.isfile(info[key])]
    if missing:
        more = f' (and {len(missing) - 1} more)' if len(missing) > 1 else ''
        raise DataError(
            f'{missing[0]["where"]}: no {what} {missing[0][key]}{more}; '
            'add it, correct data_root or suffix, or remove the line'
        )
