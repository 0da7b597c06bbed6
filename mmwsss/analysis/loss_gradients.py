"""How strongly each loss of a classifier pulls at its class maps."""

from collections import defaultdict

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import nn

from mmwsss.compat.weights import load_whole_checkpoint
from mmwsss.registry import MODELS


def build_classifier(cfg: Config, checkpoint: str) -> nn.Module:
    """The classifier of a config with the weights of a checkpoint, in training mode."""
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    settings = cfg.model.copy()
    settings.backbone = dict(settings.backbone, init_cfg=None)
    model = MODELS.build(settings)
    load_whole_checkpoint(model, checkpoint)
    model = model.to(get_device())
    model.train()
    return model


def loss_gradients(cfg: Config, checkpoint: str, batches: int = 4) -> dict[str, dict[str, float]]:
    """Value of each loss and the norm of its gradient by the class maps, mean over batches.

    Args:
        cfg (Config): Of a :class:`CAMClassifier`.
        checkpoint (str): Its weights.
        batches (int): Batches of the training data.

    Returns:
        dict: Loss name → ``value``, ``gradient`` (norm over the batch's class maps) and ``share``
        of the classification loss's gradient; the weights of the losses are in all of them.
    """
    model = build_classifier(cfg, checkpoint)
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for _, data in zip(range(batches), loader):
        data = model.data_preprocessor(data, training=True)
        with torch.no_grad():
            feats = model.extract_feat(data['inputs'])
        cam = model.head.class_maps(feats).detach().requires_grad_()
        target = model.head.stack_labels(data['data_samples'], cam.device)
        for name, loss in model.head.loss_by_cam(cam, target).items():
            (gradient,) = torch.autograd.grad(loss, cam)
            sums[name][0] += loss.item() / batches
            sums[name][1] += gradient.norm().item() / batches
    reference = sums['loss_cls'][1]
    return {
        name: dict(value=value, gradient=gradient, share=gradient / reference)
        for name, (value, gradient) in sums.items()
    }
