"""The start of a round: weights, optimiser and learning rate as at the start of the run."""

import copy
from collections.abc import Sequence

import torch
from mmengine.dist import broadcast
from mmengine.runner import Runner

from mmwsss.models.classifiers import CAMClassifier
from mmwsss.models.heads import SubCategoryHead
from mmwsss.registry import MODELS


def restart_weights(model: CAMClassifier, model_cfg: dict, seed: int) -> None:
    """Give a model initial weights again; its sub-categories stay.

    Args:
        model (CAMClassifier): The model, changed in place.
        model_cfg (dict): Its config, which names pretrained weights.
        seed (int): Seed of the random weights; that of the main process counts.
    """
    shared = torch.tensor(seed)
    broadcast(shared)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(shared))
        fresh = MODELS.build(copy.deepcopy(model_cfg))
        fresh.init_weights()
    state = fresh.state_dict()
    for name in SubCategoryHead.CLUSTERS:
        del state[f'head.{name}']
    model.load_state_dict(state, strict=False)


def restart_optimisation(runner: Runner, schedules: Sequence[dict]) -> None:
    """Drop the optimiser's state and start the learning rate schedules anew.

    Args:
        runner (Runner): The run, changed in place.
        schedules (Sequence[dict]): Configs of the schedules of the round.
    """
    runner.optim_wrapper.optimizer.state.clear()
    for group in runner.optim_wrapper.param_groups:
        for key in [key for key in group if key.startswith('initial_')]:
            group[key.removeprefix('initial_')] = group[key]
    if schedules:
        runner.param_schedulers = runner.build_param_scheduler(schedules)
