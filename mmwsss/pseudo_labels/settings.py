"""The part of a config that says how labels are made."""

from collections.abc import Sequence

from mmengine.config import Config, ConfigDict


def label_settings(
    cfg: Config, key: str, known: Sequence[str], cams: str | None = None, out: str | None = None
) -> ConfigDict:
    """Take the settings of one kind of labels from a config.

    Args:
        cfg (Config): A config with ``label_dataset`` and these settings.
        key (str): Where the settings stand: 'affinity_labels' or 'pseudo_labels'.
        known (Sequence[str]): Names of all settings that there are.
        cams (str, optional): Replaces the setting ``cam_store``. Defaults to None.
        out (str, optional): Replaces the setting ``out_dir``. Defaults to None.

    Returns:
        ConfigDict: The settings ``cfg[key]``.

    Raises:
        ValueError: If the config does not say how to make these labels, or has a setting that
            is not known.
    """
    if key not in cfg or 'label_dataset' not in cfg:
        raise ValueError(
            f'{cfg.filename}: has no {key} and label_dataset; take configs/affinitynet.py or '
            'inherit it'
        )
    settings = cfg[key]
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise ValueError(
            f'{cfg.filename}: {key} has no setting {unknown[0]!r}; it has {", ".join(known)}'
        )
    if cams:
        settings.cam_store = cams
    if out:
        settings.out_dir = out
    return settings
