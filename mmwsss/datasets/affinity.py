"""Images with affinity labels."""

from mmwsss.registry import DATASETS
from mmwsss.structures import DataError

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
        **kwargs: Arguments of :class:`ImageLevelDataset`.
    """

    def __init__(self, affinity_dir: str, **kwargs) -> None:
        self.affinity_dir = affinity_dir
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
        return data_list


@DATASETS.register_module()
class VOCAffinityDataset(AffinityDataset, VOCImageLevelDataset):
    """:class:`AffinityDataset` with the classes and colours of PASCAL VOC."""
