"""What the stages that take trained weights have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from ..records import Dependencies, StageRecord
from .base import Stage


@dataclass(frozen=True, kw_only=True)
class WeightedStage(Stage):
    """A stage that takes the weights that another stage trained.

    Attributes:
        checkpoint (str | None): Stage that trained the weights.
        checkpoint_file (str | None): Name of a file beside that stage's last checkpoint, to take
            in its place, such as ``round_1.pth``.
    """

    checkpoint: str | None = None
    checkpoint_file: str | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """Stages that make what this one takes, by name."""
        return tuple(dict.fromkeys([*super().needs, *filter(None, [self.checkpoint])]))

    def dependencies(self, cfg: Config, seed: int, done: Mapping[str, StageRecord]) -> Dependencies:
        """See :meth:`Stage.dependencies`; ``checkpoint_file`` is one."""
        found = super().dependencies(cfg, seed, done)
        if self.checkpoint_file:
            found.settings['checkpoint_file'] = self.checkpoint_file
        return found

    def arguments(self, folder: Path, done: Mapping[str, StageRecord]) -> list[str]:
        """See :meth:`Stage.arguments`; adds the checkpoint.

        Raises:
            FileNotFoundError: If the other stage has left no such checkpoint.
        """
        weights = [self.weights(done)] if self.checkpoint else []
        return [*super().arguments(folder, done), *weights]

    def weights(self, done: Mapping[str, StageRecord]) -> str:
        """Find the checkpoint that the tool takes.

        Args:
            done (Mapping[str, StageRecord]): Records of the stages that this one needs.

        Returns:
            str: The checkpoint file.

        Raises:
            FileNotFoundError: If there is none; lists those that there are.
        """
        assert self.checkpoint is not None
        file = Path(done[self.checkpoint].output)
        if self.checkpoint_file:
            file = file.with_name(self.checkpoint_file)
        if not file.is_file():
            others = ', '.join(sorted(other.name for other in file.parent.glob('*.pth')))
            raise FileNotFoundError(f'{file}: there is no such checkpoint, but {others or "none"}')
        return str(file)
