"""Make masks of photos from their tags, and a segmentor for new photos."""

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.device import get_device

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.converters.photo_set import PhotoSet, read_photo_set
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.pipeline.run import run_pipeline, show as show_line
from mmwsss.pseudo_labels.processes import pool_size
from mmwsss.structures import DataError, copy_file

from .corrected_photos import correct_photos, corrected_split, describe
from .corrections import Corrections
from .photo_index import PhotoIndex
from .recipes import choose_recipe, render_config
from .results import write_results
from .run_folder import CONFIG, RunFolder

SEGMENTOR, SEGMENTOR_CONFIG = 'segmentor.pth', 'segmentor.py'


@dataclass(frozen=True)
class MasksMade:
    """What :func:`make_masks` has made.

    Attributes:
        out (Path): Folder of the run.
        count (int): Number of masks.
        classes (tuple[str, ...]): Names of the classes; label i + 1 of a mask is class i.
        foreground (float): Mean share of a mask's pixels that are of a class, in [0, 1].
    """

    out: Path
    count: int
    classes: tuple[str, ...]
    foreground: float

    @property
    def masks(self) -> Path:
        """Folder of the masks: indexed PNGs, 0 background, i + 1 class i."""
        return self.out / 'masks'

    @property
    def overlays(self) -> Path:
        """Folder of the overlays: JPEGs, at most 1,024 pixels wide and high."""
        return self.out / 'overlays'

    @property
    def report(self) -> Path:
        """The page that shows stages and photos."""
        return self.out / 'report.html'

    @property
    def segmentor(self) -> Path:
        """Checkpoint of the segmentor, which needs no tags; its config lies beside it."""
        return self.out / SEGMENTOR

    def summary(self) -> str:
        """Return what was made and where, in lines."""
        return (
            f'{self.masks}: {self.count} masks; 0 background, '
            + ', '.join(f'{i + 1} {name}' for i, name in enumerate(self.classes))
            + f'\nobjects cover {self.foreground:.0%} of a photo in the mean; where that is too '
            f'little, raise alpha in {self.out / CONFIG}'
            + f'\n{self.overlays}: the photos under their masks'
            + f'\n{self.segmentor}: the segmentor, for photos without tags'
            + f'\n{self.report}: all of it to look at'
        )


def make_masks(
    images: str | os.PathLike,
    tags: str | os.PathLike | None = None,
    out: str | os.PathLike = 'masks',
    *,
    classes: Sequence[str] | None = None,
    quality: str | None = None,
    val_fraction: float = 0.1,
    seed: int = 0,
    background: str = 'background',
    label_negatives: bool = True,
    show: Callable[[str], None] = show_line,
) -> MasksMade:
    """Make masks of photos from image-level tags, and train a segmentor for new photos.

    Run again, it goes on where it stopped, and repeats only what depends on a change of photos,
    tags, corrections (``mmwsss view``) or config.

    Args:
        images (str or os.PathLike): Folder of the photos.
        tags (str or os.PathLike, optional): File of the tags, in any form of ``read_tags``.
            Defaults to None: the folders of the photos name the classes.
        out (str or os.PathLike): Folder of the run, new or of an earlier run. Defaults to 'masks'.
        classes (Sequence[str], optional): The classes in their order. Defaults to those of the
            tags.
        quality (str, optional): Recipe, 'quick', 'standard' or 'best'. Defaults to None:
            'standard', or what an earlier run in this folder took.
        val_fraction (float): Share of the tagged photos that the segmentor does not learn from, so
            that the report shows how it does on new ones. Defaults to 0.1.
        seed (int): Seed of split and trainings. Defaults to 0.
        background (str): Tag or folder that means: none of the classes. Defaults to 'background'.
        label_negatives (bool): Whether photos that show none of the classes are labels of
            background, which the segmentor learns from; otherwise the classifier alone learns from
            them. Defaults to True.
        show (Callable[[str], None]): Takes a line on what happens. Defaults to printing.

    Returns:
        MasksMade: Where everything is.

    Raises:
        DataError: If photos, tags or the folder have a fault; names the file and the remedy.
        StageError: If a stage fails; names its log.
    """
    root = Path(images)
    folder = RunFolder(Path(out).absolute())
    folder.check(root)
    given = read_photo_set(root, Path(tags) if tags else None, classes, background)
    corrections = Corrections.read(
        folder.corrections, (*given.labels, *given.untagged), given.classes
    )
    photos = correct_photos(corrections, given)
    split = corrected_split(given, photos, val_fraction, seed)
    if not split.train:
        raise DataError(f'{root}: no photo is left to learn from; lower --val-fraction')
    if corrections.images:
        show(f'{folder.corrections}: {describe(corrections, given, split.train)}')
    show(photos.summary())
    for line in (*photos.oddities(), *split.doubts()):
        show(f'warning: {line}')
    learned = folder.write_dataset(photos, split, label_negatives, corrections.bad)
    _write_config(folder, len(split.train), quality, seed, show)
    pipeline = Pipeline.from_config(Config.fromfile(folder.config))
    state = folder.state(root)
    run = run_pipeline(
        pipeline,
        decode=not folder.was_checked(state),
        show=show,
        checked=lambda: folder.mark_checked(state),
        report_dir=folder.path,
    )
    made = _write_results(folder, photos, label_negatives, run.records)
    PhotoIndex.collect(given, split, learned, corrections.bad).write(folder.photo_index)
    return made


def _write_config(
    folder: RunFolder, images: int, quality: str | None, seed: int, show: Callable[[str], None]
) -> None:
    name = quality or folder.quality() or 'standard'
    text = render_config(name, choose_recipe(name, get_device()), images, seed)
    if folder.write_config(text, name, quality is not None):
        show(f'{folder.config}: recipe {name!r}, to edit')
    else:
        show(f'{folder.config}: as you edited it')


def _write_results(
    folder: RunFolder, photos: PhotoSet, label_negatives: bool, records: dict
) -> MasksMade:
    labels = LabelFolder.open(records['masks'].masks, 'pseudo', photos.classes)
    predicted = LabelFolder(records['test'].output, 'masks', photos.classes)
    tagged = [key for key, names in photos.labels.items() if names or label_negatives]
    shares = write_results(
        [(tagged, labels), (photos.untagged, predicted)],
        photos.root,
        folder.path,
        pool_size(None, len(tagged) + len(photos.untagged)),
    )
    copy_file(records['segmentor'].output, folder.path / SEGMENTOR)
    copy_file(folder.stages / 'test' / 'config.py', folder.path / SEGMENTOR_CONFIG)
    return MasksMade(folder.path, len(shares), photos.classes, statistics.fmean(shares))
