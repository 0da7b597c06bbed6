"""Images with affinity labels."""

from mmwsss.registry import DATASETS
from mmwsss.structures import DataError

from .affinity_scores import AffinityScores
from .image_level import ImageLevelDataset, VOCImageLevelDataset
from .label_folder import LabelFolder


@DATASETS.register_module()
class AffinityDataset(ImageLevelDataset):
    """Images with the affinity labels that ``tools/make_affinity_labels.py`` made.

    Samples are those of :class:`ImageLevelDataset` with ``affinity_label_path``. Missing labels and
    labels made for other classes are errors when the dataset is loaded.

    Args:
        affinity_dir (str): Folder of the labels, relative to the working directory, not to
            ``data_root``.
        cell_labels (str): How a cell gets its label: 'votes' of the pixels of the label map, or
            their averaged 'scores', as published, which ``affinity_labels.scores=True`` keeps.
            Defaults to 'votes'.
        **kwargs: Arguments of :class:`ImageLevelDataset`.

    Raises:
        ValueError: If ``cell_labels`` is something else.
    """

    def __init__(self, affinity_dir: str, cell_labels: str = 'votes', **kwargs) -> None:
        if cell_labels not in ('votes', 'scores'):
            raise ValueError(f"cell_labels must be 'votes' or 'scores', not {cell_labels!r}")
        self.affinity_dir = affinity_dir
        self.cell_labels = cell_labels
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        """List the images with their affinity labels.

        Returns:
            list[dict]: Sample of each image.

        Raises:
            DataError: If an image, its tags or its affinity label is missing or damaged.
        """
        data_list = super().load_data_list()
        folder = LabelFolder.open(self.affinity_dir, 'affinity', self._metainfo['classes'])
        missing = [info['img_id'] for info in data_list if info['img_id'] not in folder]
        if missing:
            raise DataError(
                f'{folder.path(missing[0])}: no whole affinity label of {missing[0]!r} '
                f'({len(missing)} of {len(data_list)} are missing); make them with '
                'tools/make_affinity_labels.py'
            )
        for info in data_list:
            info['affinity_label_path'] = str(folder.path(info['img_id']))
        if self.cell_labels == 'scores':
            self._add_scores(data_list)
        return data_list

    def _add_scores(self, data_list: list[dict]) -> None:
        """Name the folder whose scores the samples load."""
        scores = AffinityScores.open(self.affinity_dir)
        missing = [info['img_id'] for info in data_list if not scores.has(info['img_id'])]
        if missing:
            raise DataError(
                f'{scores.store.path(missing[0])}: no scores of {missing[0]!r} ({len(missing)} of '
                f'{len(data_list)} are missing); make them with tools/make_affinity_labels.py'
            )
        for info in data_list:
            info['affinity_scores_dir'] = str(self.affinity_dir)


@DATASETS.register_module()
class VOCAffinityDataset(AffinityDataset, VOCImageLevelDataset):
    """:class:`AffinityDataset` with the classes and colours of PASCAL VOC."""
