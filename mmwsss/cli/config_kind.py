"""Which tool a config is for."""

import os

from mmengine.config import Config


def refuse_pipeline(cfg: Config, path: str | os.PathLike) -> None:
    """Refuse the config of a pipeline where that of a model is needed.

    Args:
        cfg (Config): The config.
        path (str or os.PathLike): Its file, for the error.

    Raises:
        ValueError: If it is the config of a pipeline.
    """
    if 'stages' in cfg and 'model' not in cfg:
        raise ValueError(
            f'{path}: the config of a pipeline, which trains and tests in stages; run '
            f'tools/run_pipeline.py {path}'
        )
