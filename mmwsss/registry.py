"""Registries of mmwsss: children of mmengine's, in scope ``mmwsss``.

A component of another OpenMMLab package is reached by its scope, for example
``type='mmpretrain.ResNet'`` or ``type='mmseg.EncoderDecoder'``.
"""

from mmengine.registry import (
    DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS,
    DATASETS as MMENGINE_DATASETS,
    HOOKS as MMENGINE_HOOKS,
    LOOPS as MMENGINE_LOOPS,
    METRICS as MMENGINE_METRICS,
    MODELS as MMENGINE_MODELS,
    TRANSFORMS as MMENGINE_TRANSFORMS,
    VISUALIZERS as MMENGINE_VISUALIZERS,
    Registry,
)


def _child(name: str, parent: Registry, *locations: str) -> Registry:
    return Registry(
        name, parent=parent, scope='mmwsss', locations=[f'mmwsss.{where}' for where in locations]
    )


DATASETS = _child('dataset', MMENGINE_DATASETS, 'datasets')
DATA_SAMPLERS = _child('data sampler', MMENGINE_DATA_SAMPLERS, 'datasets')
TRANSFORMS = _child('transform', MMENGINE_TRANSFORMS, 'datasets.transforms')
MODELS = _child('model', MMENGINE_MODELS, 'models')
METRICS = _child('metric', MMENGINE_METRICS, 'evaluation')
HOOKS = _child('hook', MMENGINE_HOOKS, 'engine')
LOOPS = _child('loop', MMENGINE_LOOPS, 'engine')
VISUALIZERS = _child('visualizer', MMENGINE_VISUALIZERS, 'visualization')
