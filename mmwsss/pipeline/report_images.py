"""The images of a pipeline's report: bars of the classes, and what every stage made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from mmengine.dataset import BaseDataset

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.transforms import LimitSize, LoadImage, LoadSegMap
from mmwsss.structures import CAMStore
from mmwsss.visualization import color_labels, label_legend, overlay_scores
from mmwsss.visualization.bars import class_bars
from mmwsss.visualization.grid import Color, spread

from .records import StageRecord

SIDE = 1024  # pixels of a drawing's long side: rows of large photos would not fit into memory


@dataclass(frozen=True)
class Sheet:
    """Rows of images, as ``image_grid`` and ``write_page`` take them.

    Attributes:
        rows (list[list[np.ndarray]]): Images of each row, uint8 (H, W, 3), RGB.
        columns (list[str]): Headings.
        captions (list[str]): A line below each row.
        legend (dict[str, Color]): Name → colour of the labels.
    """

    rows: list[list[np.ndarray]]
    columns: list[str]
    captions: list[str]
    legend: dict[str, Color]


def draw_bars(records: Sequence[StageRecord]) -> np.ndarray | None:
    """Draw the IoU of the classes as bars.

    Args:
        records (Sequence[StageRecord]): Records of the stages that are compared.

    Returns:
        np.ndarray | None: The figure, uint8 (H, W, 3); None if no stage has been measured.
    """
    scores = {record.title: record.class_iou for record in records if record.class_iou}
    return class_bars(scores) if scores else None


def draw_sheet(dataset: BaseDataset, shown: Mapping[str, StageRecord], count: int) -> Sheet:
    """Draw what stages made of some images of a dataset.

    Args:
        dataset (BaseDataset): The dataset, with masks or without.
        shown (Mapping[str, StageRecord]): Heading → record of a stage.
        count (int): Number of images, spread evenly over the dataset.

    Returns:
        Sheet: A row for each image: the photo, a drawing for each stage, the mask.

    Raises:
        ValueError: If a stage makes no images.
        DataError: If a stage's output lacks one of the images; names it.
        FileNotFoundError: If a stage's output lacks one of the images; names it.
    """
    names, palette = dataset.metainfo['classes'], dataset.metainfo.get('palette')
    readers = {heading: _Output(record, names) for heading, record in shown.items()}
    rows, captions, seen = [], [], set()
    measured = 'seg_map_path' in dataset.get_data_info(0)
    for index in spread(len(dataset), count):
        info = dataset.get_data_info(index)
        results = LoadImage(shrink_to=SIDE)(info)
        if measured:
            results = {**LoadSegMap()(results), 'seg_fields': ['gt_seg_map']}
        results = LimitSize(SIDE)(results)
        image = results['img'][..., ::-1]
        row = [image]
        for reader in readers.values():
            tile, labels = reader.draw(info['img_id'], image, palette)
            row.append(tile)
            seen |= labels
        if measured:
            row.append(color_labels(results['gt_seg_map'], palette))
            seen |= set(np.unique(results['gt_seg_map']).tolist())
        rows.append(row)
        captions.append(f'{info["img_id"]}: {", ".join(names[i] for i in info["gt_label"])}')
    legend = label_legend(names, np.array(sorted(seen), np.uint8), palette)
    columns = ['photo', *shown, *(['truth'] if measured else [])]
    return Sheet(rows, columns, captions, legend)


class _Output:
    """Draws the images that a stage made."""

    def __init__(self, record: StageRecord, classes: Sequence[str]) -> None:
        if record.kind not in ('cams', 'labels', 'masks'):
            raise ValueError(
                f'report.columns: stage {record.name!r} leaves a {record.kind}, no images; name '
                'a stage that makes response maps, labels or masks'
            )
        self.cams = CAMStore.open(record.output, classes) if record.kind == 'cams' else None
        self.labels = LabelFolder(record.masks, record.kind, classes)

    def draw(
        self, img_id: str, image: np.ndarray, palette: list | None
    ) -> tuple[np.ndarray, set[int]]:
        """Draw what the stage made of an image.

        Args:
            img_id (str): Id of the image.
            image (np.ndarray): The image, uint8 (H, W, 3), RGB.
            palette (list, optional): Colours of the labels.

        Returns:
            tuple[np.ndarray, set[int]]: The drawing, uint8 (H, W, 3), and the labels whose colours
            it has.
        """
        if self.cams is not None:
            height, width = image.shape[:2]
            strongest = self.cams.read(img_id).resized((height, width))
            scores = strongest.amax(0).numpy() if len(strongest) else np.zeros(image.shape[:2])
            return overlay_scores(image, scores), set()
        labels = cv2.resize(
            self.labels.read(img_id), image.shape[1::-1], interpolation=cv2.INTER_NEAREST_EXACT
        )
        return color_labels(labels, palette), set(np.unique(labels).tolist())
