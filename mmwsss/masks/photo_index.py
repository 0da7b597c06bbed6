"""What the last finished run knew of each photo: ``data/photos.json``, for the page of the run."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from mmwsss.datasets.converters.own_images import Conversion
from mmwsss.datasets.converters.photo_set import PhotoSet
from mmwsss.structures import read_json
from mmwsss.structures.tables import write_json

FORMAT, VERSION = 'mmwsss photos', 1
TRAIN, HELD_OUT, UNTAGGED = 'train', 'held out', 'untagged'


@dataclass(frozen=True)
class Photo:
    """What a run knew of a photo.

    Attributes:
        given (list[str] | None): Classes by the tags that were given; None: untagged.
        tags (list[str] | None): Classes by the corrected tags, which the run took.
        split (str): 'train', 'held out' or 'untagged'.
        learned (bool): Whether the segmentor learned from its label.
        left_out (bool): Whether it did not because a person found the mask bad.
    """

    given: list[str] | None
    tags: list[str] | None
    split: str
    learned: bool
    left_out: bool


@dataclass(frozen=True)
class PhotoIndex:
    """The photos of a run.

    Attributes:
        root (str): Folder of the photos.
        classes (list[str]): Classes by the tags that were given.
        mask_classes (list[str]): Classes of the masks; label i + 1 is class i.
        photos (dict[str, Photo]): The photos by their path below the folder.
    """

    root: str
    classes: list[str]
    mask_classes: list[str]
    photos: dict[str, Photo]

    @classmethod
    def collect(
        cls,
        given: PhotoSet,
        split: Conversion,
        learned: Collection[str],
        bad: Collection[str] = (),
    ) -> 'PhotoIndex':
        """Collect what a run knows.

        Args:
            given (PhotoSet): The photos with the tags that were given.
            split (Conversion): Corrected tags and split.
            learned (Collection[str]): Photos that the segmentor learns from.
            bad (Collection[str]): Photos with bad masks. Defaults to none.

        Returns:
            PhotoIndex: The photos, the tagged ones first.
        """
        held_out, taught, left_out = {*split.val}, {*learned}, {*bad} & {*split.train}
        photos = {}
        for key in (*split.labels, *split.untagged):
            tags = split.labels.get(key)
            part = HELD_OUT if key in held_out else TRAIN
            photos[key] = Photo(
                list(given.labels[key]) if key in given.labels else None,
                None if tags is None else list(tags),
                UNTAGGED if tags is None else part,
                key in taught,
                key in left_out,
            )
        return cls(str(given.root.absolute()), list(given.classes), list(split.classes), photos)

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Args:
            path (Path): The file.
        """
        write_json(path, {'format': FORMAT, 'version': VERSION, **asdict(self)})

    @classmethod
    def read(cls, path: Path) -> 'PhotoIndex':
        """Read the file.

        Args:
            path (Path): The file.

        Returns:
            PhotoIndex: The photos.

        Raises:
            FileNotFoundError: If there is none; names the remedy.
            DataError: If it is damaged or of another version; names the remedy.
        """
        return read_json(path, 'run `mmwsss masks` to its end first', cls._parse)

    @classmethod
    def _parse(cls, content: dict) -> 'PhotoIndex':
        if (content.pop('format'), content.pop('version')) != (FORMAT, VERSION):
            raise ValueError('of another version of mmwsss')
        photos = {key: Photo(**entry) for key, entry in content.pop('photos').items()}
        return cls(photos=photos, **content)
