"""The folder of `mmwsss masks`: its configs, and the lists of images that they name."""

import pprint
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mmwsss.datasets.converters.own_images import Conversion
from mmwsss.datasets.converters.photo_set import PhotoSet
from mmwsss.datasets.converters.written_files import write_conversion
from mmwsss.structures import DataError, read_json
from mmwsss.structures.fingerprints import (
    content_fingerprint,
    data_fingerprints,
    file_fingerprints,
    settings_fingerprint,
)
from mmwsss.structures.tables import write_json, write_lines, write_text
from mmwsss.visualization.grid import spread

CONFIG, DATASET, RECORD = 'config.py', 'dataset.py', 'mmwsss.json'
CORRECTIONS = 'corrections.json'
SHOWN = 24
PIPELINE = 'mmwsss::pipelines/pipeline_masks_custom.py'
_HEADER = """\
# Images, tags and splits, written anew by each `mmwsss masks`: what you edit here is lost. Settings
# to edit are in config.py, which inherits this file.
_base_ = {base!r}
"""


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run: configs, lists of images, stages, results.

    Attributes:
        path (Path): The folder, absolute.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The config that a person edits."""
        return self.path / CONFIG

    @property
    def corrections(self) -> Path:
        """What a person has corrected."""
        return self.path / CORRECTIONS

    @property
    def photo_index(self) -> Path:
        """What the last finished run knew of each photo."""
        return self.data / 'photos.json'

    @property
    def data(self) -> Path:
        """Folder of the tags and of the lists of images."""
        return self.path / 'data'

    @property
    def stages(self) -> Path:
        """Folder of the pipeline."""
        return self.path / 'stages'

    def write_dataset(
        self,
        photos: PhotoSet,
        split: Conversion,
        label_negatives: bool,
        bad: Collection[str] = (),
    ) -> list[str]:
        """Write tags, lists of images, and the config that names them.

        Args:
            photos (PhotoSet): The photos.
            split (Conversion): Their split.
            label_negatives (bool): Whether negatives get labels, from which the segmentor learns;
                otherwise they train the classifier alone.
            bad (Collection[str]): Photos with masks that the segmentor does not learn from.
                Defaults to none.

        Returns:
            list[str]: The photos that the segmentor learns from.

        Raises:
            DataError: If there is none.
        """
        negatives = set() if label_negatives else set(photos.negatives)
        labelled = [key for key in split.train if key not in negatives]
        learned = [key for key in labelled if key not in bad]
        if not learned:
            raise DataError(
                f'{self.corrections}: every mask is bad, so the segmentor has nothing to learn '
                'from; correct tags or settings, and judge the new masks'
            )
        write_conversion(split, self.data)
        tagged = [key for key in split.labels if key not in negatives]
        held_out = [key for key in split.val if key not in negatives]
        shown = held_out or [tagged[index] for index in spread(len(tagged), SHOWN)]
        lists = {
            'labelled': labelled,
            'learned': learned,
            'tagged': tagged,
            'shown': shown,
            'predicted': [*shown, *split.untagged],
        }
        for name, keys in lists.items():
            write_lines(self.data / f'{name}.txt', keys)
        write_text(self.path / DATASET, self._dataset_config(photos))
        return learned

    def _dataset_config(self, photos: PhotoSet) -> str:
        count = len(photos.classes)
        files = {
            'data_root': f'{self.data}/',
            'data_prefix': {'img_path': str(photos.root.absolute())},
        }
        tagged = {**files, 'label_file': 'image_labels.json', 'negatives': 'keep'}
        masked = {**files, 'metainfo': {'classes': photos.classes}}
        # own_classes of configs/custom/classes.py, by which these configs are checked.
        named = {'own_classes': photos.classes}
        heads = {'data_preprocessor': {'num_classes': count}, 'head': {'num_classes': count}}
        classifier = {**named, 'model': heads}
        segmentor = {**named, 'model': {'decode_head': {'num_classes': 1 + count}}}

        def loader(mode: str, settings: dict, split: str) -> dict:
            return {f'{mode}_dataloader': {'dataset': {**settings, 'ann_file': split}}}

        def labels(split: str) -> dict:
            return {'label_dataset': {**tagged, 'ann_file': split}}

        options = {
            'classifier': {**classifier, **loader('train', tagged, 'train.txt')},
            'cams': {**classifier, **loader('test', tagged, '')},
            'affinity_labels': labels('labelled.txt'),
            'affinitynet': loader('train', tagged, 'labelled.txt'),
            'masks': labels('tagged.txt'),
            'segmentor': {**segmentor, **loader('train', masked, 'learned.txt')},
            'test': {**segmentor, **loader('test', masked, 'predicted.txt')},
        }
        settings = {
            'work_dir': str(self.stages),
            'stages': {name: {'cfg_options': given} for name, given in options.items()},
            'report': {'dataset': {**tagged, 'ann_file': 'shown.txt'}},
        }
        lines = [_HEADER.format(base=PIPELINE)]
        lines += [
            f'{name} = {pprint.pformat(value, width=100, sort_dicts=False)}\n'
            for name, value in settings.items()
        ]
        return ''.join(lines)

    def quality(self) -> str | None:
        """Return the recipe that an earlier run in this folder took, None if there is none."""
        return self._record().get('quality')

    def write_config(self, text: str, quality: str, chosen: bool) -> bool:
        """Write the config that a person edits, unless it was edited.

        Args:
            text (str): Its text.
            quality (str): Name of the recipe.
            chosen (bool): Whether the person asks for this recipe now.

        Returns:
            bool: Whether it was written; otherwise the edited one stays.

        Raises:
            DataError: If another recipe is asked for, but the config was edited.
        """
        if self.config.is_file():
            written = self._record().get('config')
            if content_fingerprint(self.config.read_bytes()) != written:
                if chosen:
                    raise DataError(
                        f'{self.config}: was edited, so no other recipe replaces it; leave --quick '
                        'and --best out, or remove the file'
                    )
                return False
        write_text(self.config, text)
        self._note(quality=quality, config=content_fingerprint(text.encode()))
        return True

    def state(self, images: Path) -> str:
        """Compute a fingerprint of the photos, by name, size and time, and of lists and configs.

        Args:
            images (Path): Folder of the photos.

        Returns:
            str: The fingerprint.
        """
        files = [self.config, self.path / DATASET, self.data / 'image_labels.json']
        files += self.data.glob('*.txt')
        return settings_fingerprint(
            {**data_fingerprints([], [str(images)]), **file_fingerprints(map(str, files))}
        )

    def was_checked(self, state: str) -> bool:
        """Tell whether an earlier run has decoded all photos of this state.

        Args:
            state (str): What :meth:`state` returns.

        Returns:
            bool: Whether it has, and found no fault.
        """
        return self._record().get('checked') == state

    def mark_checked(self, state: str) -> None:
        """Note that all photos were decoded and are sound.

        Args:
            state (str): What :meth:`state` returned before.
        """
        self._note(checked=state)

    def _note(self, **fields: str) -> None:
        write_json(self.path / RECORD, {**self._record(), 'format': 'mmwsss masks', **fields})

    def _record(self) -> dict:
        try:
            record = read_json(self.path / RECORD, 'the config is written anew')
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def check(self, images: Path) -> None:
        """Check that this is a folder of ours, or one that can become it.

        Args:
            images (Path): Folder of the photos.

        Raises:
            DataError: If the folder holds other files, or lies among the photos.
        """
        if self.path.resolve().is_relative_to(images.resolve()):
            raise DataError(f'{self.path}: lies among the images; take another --out')
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise DataError(f'{self.path}: a file, not a folder; take another --out')
        others = [path for path in self.path.iterdir() if not path.name.startswith('.')]
        if others and not (self.path / RECORD).is_file():
            raise DataError(
                f'{self.path}: holds other files ({others[0].name}); take a new or empty folder'
            )
