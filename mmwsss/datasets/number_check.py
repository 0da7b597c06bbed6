"""Settings that must be whole numbers, and not too small."""

from collections.abc import Mapping

from mmengine.config import Config

_LEAST_STEPS = {'max_epochs': 1, 'max_iters': 1}


def wrong_numbers(settings: Mapping, least: Mapping[str, int], name: str) -> list[str]:
    """Find settings that are no whole numbers, or too small.

    Args:
        settings (Mapping): The settings; those that are missing or None are passed over.
        least (Mapping[str, int]): Name of a setting → smallest number that it may have.
        name (str): What the settings are called in the faults.

    Returns:
        list[str]: The faults, one line each; empty where all is well.
    """
    given = {key: settings[key] for key in least if settings.get(key) is not None}
    return [
        f'{name}: {key} is {value!r}; set a whole number of at least {least[key]}'
        for key, value in given.items()
        if not isinstance(value, int) or isinstance(value, bool) or value < least[key]
    ]


def check_steps(cfg: Config) -> list[str]:
    """Find a number of epochs or iterations with which nothing would be trained.

    Args:
        cfg (Config): Config of a training.

    Returns:
        list[str]: The faults, one line each; empty where all is well.
    """
    return wrong_numbers(cfg.get('train_cfg') or {}, _LEAST_STEPS, 'train_cfg')
