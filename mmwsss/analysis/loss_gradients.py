"""Gradients of a classifier's losses by its class maps: how strong each loss is."""

from collections import defaultdict

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmwsss.compat.weights import load_whole_checkpoint
from mmwsss.models.classifiers import CAMClassifier
from mmwsss.models.manifold_mixup import mixed_features
from mmwsss.registry import MODELS


def build_classifier(cfg: Config, checkpoint: str) -> CAMClassifier:
    """Build a classifier with the weights of a checkpoint, in training mode.

    Args:
        cfg (Config): Config of the classifier.
        checkpoint (str): Path of the checkpoint.

    Returns:
        CAMClassifier: The classifier, on the accelerator where there is one.

    Raises:
        ValueError: If the model is none, or the checkpoint does not fit it.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    settings = cfg.model.copy()
    settings.backbone = dict(settings.backbone, init_cfg=None)
    model = MODELS.build(settings)
    if not isinstance(model, CAMClassifier):
        raise ValueError(f'{cfg.filename}: no CAMClassifier; name the config of a classifier')
    load_whole_checkpoint(model, checkpoint)
    model = model.to(get_device())
    model.train()
    return model


def loss_gradients(cfg: Config, checkpoint: str, batches: int = 4) -> dict[str, dict[str, float]]:
    """Measure each loss and its gradient by the class maps, as means over batches.

    Args:
        cfg (Config): Config of a :class:`CAMClassifier`.
        checkpoint (str): Path of its checkpoint.
        batches (int): Number of batches of the training data. Defaults to 4.

    Returns:
        dict[str, dict[str, float]]: For each loss, by its name: ``value``, ``gradient`` (norm of
        the gradient by the batch's class maps) and ``share`` (that norm as a share of the
        classification loss's). All include the weight of the loss.
    """
    model = build_classifier(cfg, checkpoint)
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for _, data in zip(range(batches), loader):
        data = model.data_preprocessor(data, training=True)
        with torch.no_grad(), mixed_features(model, data['data_samples']):
            cam = model.class_maps(data['inputs'])
        cam.requires_grad_()
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
