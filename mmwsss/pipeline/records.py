"""What a finished stage leaves behind."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from mmwsss.structures import read_json
from mmwsss.structures.fingerprints import output_fingerprint
from mmwsss.structures.tables import write_json

RECORD_NAME = 'stage.json'
_REMEDY = 'delete it, and the stage runs again'
_SHOWN = ('mIoU', 'crf/mIoU', 'accuracy', 'coverage')


# Metrics by name, in percent but for 'threshold', and IoU by class.
Scores = tuple[dict[str, float], dict[str, float | None]]


@dataclass(frozen=True)
class Dependencies:
    """Fingerprints of everything that an output depends on.

    Attributes:
        settings (dict[str, str]): Name of a setting, or of another stage → fingerprint.
        files (dict[str, str]): Path of a file or folder → fingerprint.
    """

    settings: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def changes(self, now: 'Dependencies') -> list[str]:
        """List what is different now.

        Args:
            now (Dependencies): The fingerprints of today. A file that is gone is no difference.

        Returns:
            list[str]: Names of settings and paths of files, sorted.
        """
        files = {path: x for path, x in now.files.items() if self.files.get(path) != x}
        names = self.settings.keys() | now.settings.keys()
        settings = [key for key in names if self.settings.get(key) != now.settings.get(key)]
        return sorted([*settings, *files])


@dataclass(frozen=True)
class StageRecord:
    """A finished stage; ``stage.json`` in its folder.

    Attributes:
        name (str): Name of the stage in the pipeline's config.
        tool (str): Name of its tool there.
        title (str): Name of the stage in reports.
        config (str): Config file that it ran.
        output (str): A checkpoint, a CAMStore, a folder of label maps, or a file of scores.
        kind (str): Kind of the output: 'checkpoint', 'cams', 'labels', 'masks' or 'scores'.
        seconds (float): Duration of the run that finished it.
        made_from (Dependencies): Fingerprints of everything that the output depends on.
        output_fingerprint (str): Fingerprint of the output itself.
        metrics (dict[str, float]): In percent, but for 'threshold'.
        class_iou (dict[str, float | None]): Class, background included → IoU in percent; None
            where it is not defined.
        reference (float | None): mIoU of this stage in the thesis, on VOC 2012.
        resumed (bool): Whether that run went on where an earlier one was interrupted.
        whole (str | None): Folder of the same labels with no pixel ignored, where the stage was
            asked for it.
    """

    name: str
    tool: str
    title: str
    config: str
    output: str
    kind: str
    seconds: float
    made_from: Dependencies
    output_fingerprint: str = ''
    metrics: dict[str, float] = field(default_factory=dict)
    class_iou: dict[str, float | None] = field(default_factory=dict)
    reference: float | None = None
    resumed: bool = False
    whole: str | None = None

    @property
    def masks(self) -> str:
        """Folder of the masks that people look at: labels with no pixel ignored, if there are."""
        return self.whole or self.output

    def result(self) -> str:
        """Say in a line what came of it."""
        shown = [f'{key} {value:.1f}' for key, value in self.metrics.items() if key in _SHOWN]
        if 'threshold' in self.metrics:
            shown.append(f'threshold {self.metrics["threshold"]:g}')
        return ', '.join([*shown, f'{self.seconds:.0f} s', self.output])

    def summary(self) -> dict:
        """Return what a table of results needs."""
        return {key: getattr(self, key) for key in ('name', 'title', 'seconds', 'metrics')}

    def is_current(self, made_from: Dependencies) -> bool:
        """Tell whether the output is there as it was made, and would be made the same way now.

        Args:
            made_from (Dependencies): Fingerprints of today.

        Returns:
            bool: Whether both is so.
        """
        return (
            not self.made_from.changes(made_from) and self.fingerprint() == self.output_fingerprint
        )

    def fingerprint(self) -> str:
        """Compute the fingerprint of the output as it is now; '' if it is not there."""
        paths = [self.output, *filter(None, [self.whole])]
        if not all(Path(path).exists() for path in paths):
            return ''
        return '-'.join(map(output_fingerprint, paths))

    def why_again(self, made_from: Dependencies) -> str:
        """Say in a few words that the stage runs again, and what has changed.

        Args:
            made_from (Dependencies): Fingerprints of today.

        Returns:
            str: The words.
        """
        changes = self.made_from.changes(made_from)
        return 'begins again' + (f' ({", ".join(changes)} changed)' if changes else '')

    def renamed(self, folder: Path, title: str, reference: float | None) -> 'StageRecord':
        """Give the record the names that the config has now, and write it where they are new.

        Args:
            folder (Path): Folder of the stage.
            title (str): Name of the stage in reports.
            reference (float, optional): mIoU of this stage in the thesis.

        Returns:
            StageRecord: The record with these.
        """
        renamed = replace(self, title=title, reference=reference)
        if renamed != self:
            renamed.write(folder)
        return renamed

    def write(self, folder: Path) -> None:
        """Write ``stage.json``.

        Args:
            folder (Path): Folder of the stage. The path of an output in it is written relative
                to it, so that the folder may be moved.
        """
        settings = asdict(self)
        for key in ('output', 'whole'):
            if settings[key] is not None:
                settings[key] = _below(settings[key], folder)
        write_json(folder / RECORD_NAME, settings)

    @classmethod
    def read(cls, folder: Path) -> 'StageRecord | None':
        """Read the record of a stage.

        Args:
            folder (Path): Folder of the stage.

        Returns:
            StageRecord | None: The record; None if there is none, or one of another version.

        Raises:
            ValueError: If the file is damaged; names it.
        """
        path = folder / RECORD_NAME
        try:
            settings = read_json(path, _REMEDY)
            settings['output'] = str(folder / settings['output'])
            if settings.get('whole') is not None:
                settings['whole'] = str(folder / settings['whole'])
            settings['made_from'] = Dependencies(**settings['made_from'])
            record = cls(**settings)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (KeyError, TypeError):
            return None
        wrong = record._wrong_types()
        if wrong:
            raise ValueError(f'{path}: wrong type of {", ".join(wrong)}; {_REMEDY}')
        return record

    def _wrong_types(self) -> list[str]:
        """List the attributes that are not what they must be."""
        texts = ('name', 'tool', 'title', 'config', 'kind', 'output_fingerprint')
        right = {name: isinstance(getattr(self, name), str) for name in texts}
        right['made_from'] = all(map(_are_texts, vars(self.made_from).values()))
        right['seconds'] = _is_number(self.seconds)
        right['metrics'] = _are_numbers(self.metrics)
        right['class_iou'] = _are_numbers(self.class_iou, or_none=True)
        right['reference'] = self.reference is None or _is_number(self.reference)
        right['resumed'] = isinstance(self.resumed, bool)
        right['whole'] = self.whole is None or isinstance(self.whole, str)
        return [name for name, is_right in right.items() if not is_right]


def _below(path: str, folder: Path) -> str:
    """Name a path relative to a folder that it lies in; another one stays as it is."""
    absolute, root = Path(path).absolute(), folder.absolute()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else path


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _are_texts(values: object) -> bool:
    return isinstance(values, dict) and all(isinstance(value, str) for value in values.values())


def _are_numbers(values: object, or_none: bool = False) -> bool:
    return isinstance(values, dict) and all(
        _is_number(value) or (or_none and value is None) for value in values.values()
    )
