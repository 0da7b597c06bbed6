"""The model of a runner without the wrapper that distributed training puts around it."""

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def bare_model(runner: Runner) -> nn.Module:
    """Return the model of a runner, unwrapped where it is trained in several processes.

    Args:
        runner (Runner): The runner.

    Returns:
        nn.Module: The model that the config describes.
    """
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
