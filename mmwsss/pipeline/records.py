"""What a finished stage leaves behind."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from mmwsss.structures import read_json
from mmwsss.structures.tables import write_json

RECORD_NAME = 'stage.json'
_REMEDY = 'delete it, and the stage runs again'
_SHOWN = ('mIoU', 'crf/mIoU', 'accuracy', 'coverage')


@dataclass(frozen=True)
class StageRecord:
    """A finished stage; ``stage.json`` in its folder.

    Attributes:
        name: its key in the pipeline's config.
        tool: 'train', 'test', 'affinity_labels' or 'pseudo_labels'.
        title: what people call it.
        config: the config that it ran.
        output: a checkpoint, a CAMStore, or a folder of label maps.
        kind: of the output: 'checkpoint', 'cams', 'labels' or 'masks'.
        seconds: how long the run took that finished it.
        fingerprint: of everything that the output depends on.
        output_fingerprint: of the output itself.
        metrics: in percent, but for 'threshold'.
        class_iou: class, background included → IoU in percent; None where it is not defined.
        reference: the thesis's figure on VOC 2012.
        resumed: whether that run went on where an earlier one was interrupted.
    """

    name: str
    tool: str
    title: str
    config: str
    output: str
    kind: str
    seconds: float
    fingerprint: str
    output_fingerprint: str = ''
    metrics: dict[str, float] = field(default_factory=dict)
    class_iou: dict[str, float | None] = field(default_factory=dict)
    reference: float | None = None
    resumed: bool = False

    def result(self) -> str:
        """What came of it in a line."""
        shown = [f'{key} {value:.1f}' for key, value in self.metrics.items() if key in _SHOWN]
        if 'threshold' in self.metrics:
            shown.append(f'threshold {self.metrics["threshold"]:g}')
        return ', '.join([*shown, f'{self.seconds:.0f} s', self.output])

    def summary(self) -> dict:
        """What a table of results needs."""
        return {key: getattr(self, key) for key in ('name', 'title', 'seconds', 'metrics')}

    def write(self, folder: Path) -> None:
        """Write ``stage.json``; an output in the folder by its path there: both may move."""
        settings = asdict(self)
        output = Path(self.output).absolute()
        if output.is_relative_to(folder.absolute()):
            settings['output'] = output.relative_to(folder.absolute()).as_posix()
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
            settings = read_json(path)
            record = cls(**{**settings, 'output': str(folder / settings['output'])})
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError as error:
            raise ValueError(f'{path}: not JSON ({error}); {_REMEDY}') from error
        except (KeyError, TypeError):
            return None
        wrong = record._wrong_types()
        if wrong:
            raise ValueError(f'{path}: wrong type of {", ".join(wrong)}; {_REMEDY}')
        return record

    def _wrong_types(self) -> list[str]:
        """Names of the attributes that are not what they must be."""
        texts = ('name', 'tool', 'title', 'config', 'kind', 'fingerprint', 'output_fingerprint')
        right = {name: isinstance(getattr(self, name), str) for name in texts}
        right['seconds'] = _is_number(self.seconds)
        right['metrics'] = _are_numbers(self.metrics)
        right['class_iou'] = _are_numbers(self.class_iou, or_none=True)
        right['reference'] = self.reference is None or _is_number(self.reference)
        right['resumed'] = isinstance(self.resumed, bool)
        return [name for name, is_right in right.items() if not is_right]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _are_numbers(values: object, or_none: bool = False) -> bool:
    return isinstance(values, dict) and all(
        _is_number(value) or (or_none and value is None) for value in values.values()
    )
