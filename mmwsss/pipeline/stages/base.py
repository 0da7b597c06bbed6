"""What the stages of all tools have in common."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from mmengine.config import Config

from mmwsss.engine.config_options import merge_options
from mmwsss.engine.initial_weights import fill_seed
from mmwsss.structures.fingerprints import (
    data_fingerprints,
    file_fingerprints,
    local_weights,
    settings_fingerprint,
)
from mmwsss.version import __version__

from ..records import Dependencies, Scores, StageRecord


@dataclass(frozen=True, kw_only=True)
class Stage(ABC):
    """A tool, the config that it runs, and what it makes; see docs/pipeline.md.

    Attributes:
        tool (str): Name of the tool in the config of a pipeline.
        script (str): File of the tool, in ``tools``.
        section (str): Top-level setting that the tool's config must have.
        reads (tuple[str, ...]): Top-level settings of that config that change the output.
        is_random (bool): Whether the seed changes the output.
        makes_images (bool): Whether a report can show the output.
        name (str): Name of the stage and of its folder.
        config (str): Config file of the tool.
        title (str): Name of the stage in reports.
        cfg_options (Mapping): Settings that replace those of the config.
        inputs (Mapping[str, str]): Dotted setting of the config → stage whose output is its value.
        reference (float | None): mIoU of this stage in the thesis, on VOC 2012.
    """

    tool: ClassVar[str]
    script: ClassVar[str]
    section: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    is_random: ClassVar[bool] = True
    makes_images: ClassVar[bool] = True

    name: str
    config: str
    title: str
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    reference: float | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """Stages that make what this one takes, by name."""
        return tuple(dict.fromkeys(self.inputs.values()))

    def load_config(self, seed: int | None = None) -> Config:
        """Load the config with ``cfg_options``, but without the outputs of other stages.

        Args:
            seed (int, optional): Seed of the pipeline, put in place of ``{seed}`` in
                ``load_from``. Defaults to None, which leaves it there.

        Returns:
            Config: The config.

        Raises:
            FileNotFoundError: If there is no such config; names the stage.
            ValueError: If the config is not one for the tool, or the options do not fit it.
        """
        if not Path(self.config).is_file():
            raise FileNotFoundError(f'stage {self.name!r}: there is no config {self.config}')
        cfg = Config.fromfile(self.config)
        try:
            merge_options(cfg, self.cfg_options)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f'stage {self.name!r}: cfg_options: {error}') from error
        if cfg.get(self.section) is None:
            raise ValueError(f'stage {self.name!r}: {self.config} has no {self.section}')
        if seed is not None and cfg.get('load_from'):
            cfg.load_from = fill_seed(cfg.load_from, seed)
        return cfg

    def settings(self, cfg: Config) -> dict[str, Any]:
        """Select the settings that change the output.

        Args:
            cfg (Config): Config of the tool.

        Returns:
            dict[str, Any]: Key of ``reads`` → value, None for a key that the config lacks.
        """
        whole = cfg.to_dict()
        return {key: whole.get(key) for key in self.reads}

    def dependencies(self, cfg: Config, seed: int, done: Mapping[str, StageRecord]) -> Dependencies:
        """Compute fingerprints of everything that changes the output.

        Args:
            cfg (Config): Config from :meth:`load_config`.
            seed (int): Seed of the pipeline.
            done (Mapping[str, StageRecord]): Records of the stages that this one needs.

        Returns:
            Dependencies: The fingerprints.
        """
        cfg = self._with_inputs_named(cfg)
        settings = {
            key: settings_fingerprint({key: value})
            for key, value in self.settings(cfg).items()
            if value is not None
        }
        settings |= {'version': __version__, 'tool': self.tool}
        if self.is_random:
            settings['seed'] = str(seed)
        settings |= {f'stage {name}': done[name].output_fingerprint for name in self.needs}
        files = data_fingerprints(self.datasets(cfg), self.mask_folders(cfg))
        return Dependencies(settings, files | file_fingerprints(self.initial_weights(cfg)))

    def _with_inputs_named(self, cfg: Config) -> Config:
        """Copy a config, with names of stages where the outputs of other stages will be.

        So a default path there, which an output will replace, changes no fingerprint.
        """
        cfg = copy.deepcopy(cfg)
        cfg.merge_from_dict({key: f'stage://{stage}' for key, stage in self.inputs.items()})
        return cfg

    def initial_weights(self, cfg: Config) -> list[str]:
        """List the files of weights that the tool starts from by its config.

        Args:
            cfg (Config): Config from :meth:`load_config`.

        Returns:
            list[str]: Paths; URLs and weights that another stage makes are left out.
        """
        settings = self.settings(self._with_inputs_named(cfg))
        # A model is built without them where a checkpoint replaces its weights.
        settings.pop('model', None)
        return local_weights(settings)

    @abstractmethod
    def datasets(self, cfg: Config) -> list[Mapping]:
        """List the datasets that the tool reads.

        Args:
            cfg (Config): Config from :meth:`load_config`.

        Returns:
            list[Mapping]: Their configs.
        """

    def mask_folders(self, cfg: Config) -> list[str]:
        """List folders of masks that the output is measured with, besides those of datasets.

        Args:
            cfg (Config): Config from :meth:`load_config`.

        Returns:
            list[str]: The folders.
        """
        return []

    def model(self, cfg: Config) -> Mapping | None:
        """Find the model that the tool builds.

        Args:
            cfg (Config): Config from :meth:`load_config`.

        Returns:
            Mapping | None: Its config; None if the tool builds none.
        """
        return cfg.model

    @abstractmethod
    def check_settings(self, cfg: Config, processes: int) -> None:
        """Check the settings that are the tool's own.

        Args:
            cfg (Config): Config from :meth:`load_config`.
            processes (int): Processes that will run the tool.

        Raises:
            ValueError: If a setting is wrong.
            FileNotFoundError: If a file is missing; names the stage.
        """

    @abstractmethod
    def complete_config(self, cfg: Config, folder: Path, seed: int, processes: int) -> None:
        """Set what the tool needs besides the outputs of other stages.

        Args:
            cfg (Config): Config from :meth:`load_config`, changed in place.
            folder (Path): Folder of the stage.
            seed (int): Seed of everything random.
            processes (int): Processes that will run the tool.
        """

    def arguments(self, folder: Path, done: Mapping[str, StageRecord]) -> list[str]:
        """Put together the command line of the tool, without the launcher.

        Args:
            folder (Path): Folder of the stage, with the tool's ``config.py``.
            done (Mapping[str, StageRecord]): Records of the stages that this one needs.

        Returns:
            list[str]: The script and its arguments.
        """
        return [self.script, str(folder / 'config.py')]

    def remove_partial_output(self, folder: Path) -> None:  # noqa: B027 - most tools go on
        """Remove what the tool cannot go on with after an interruption.

        Args:
            folder (Path): Folder of the stage.
        """

    @abstractmethod
    def output(self, folder: Path, cfg: Config) -> tuple[str, str]:
        """Find what the tool made.

        Args:
            folder (Path): Folder of the stage.
            cfg (Config): Config that the tool ran.

        Returns:
            tuple[str, str]: ``output`` and ``kind`` of the :class:`StageRecord`.
        """

    def whole(self, folder: Path, cfg: Config) -> str | None:
        """Find the folder of the same labels with no pixel ignored.

        Args:
            folder (Path): Folder of the stage.
            cfg (Config): Config that the tool ran.

        Returns:
            str | None: ``whole`` of the :class:`StageRecord`; None where there is no such folder.
        """
        return None

    def is_complete(self, folder: Path) -> bool:
        """Return whether the run that left its output in ``folder`` made all that is wanted."""
        return True

    def measured(self, folder: Path) -> Scores:
        """Read the scores of what the tool made.

        Args:
            folder (Path): Folder of the stage.

        Returns:
            Scores: Metrics by name, and IoU by class.
        """
        return {}, {}
