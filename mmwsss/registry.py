"""Registries of mmwsss: children of mmengine's, in scope ``mmwsss``.

A component of another OpenMMLab package is reached by its scope, for example
``type='mmpretrain.ResNet'`` or ``type='mmseg.EncoderDecoder'``. Registries that mmwsss adds nothing
to yet are here so that a config may add to them, and mmengine finds its own through them: of one
without a child it warns whenever something is built in scope ``mmwsss``.
"""

from mmengine import registry as mmengine_registry
from mmengine.registry import Registry
from mmpretrain.registry import BATCH_AUGMENTS as MMPRETRAIN_BATCH_AUGMENTS


def _child(parent: Registry, location: str) -> Registry:
    return Registry(parent.name, parent=parent, scope='mmwsss', locations=[f'mmwsss.{location}'])


DATASETS = _child(mmengine_registry.DATASETS, 'datasets')
DATA_SAMPLERS = _child(mmengine_registry.DATA_SAMPLERS, 'datasets')
TRANSFORMS = _child(mmengine_registry.TRANSFORMS, 'datasets.transforms')
MODELS = _child(mmengine_registry.MODELS, 'models')
MODEL_WRAPPERS = _child(mmengine_registry.MODEL_WRAPPERS, 'models')
WEIGHT_INITIALIZERS = _child(mmengine_registry.WEIGHT_INITIALIZERS, 'models')
TASK_UTILS = _child(mmengine_registry.TASK_UTILS, 'models')
METRICS = _child(mmengine_registry.METRICS, 'evaluation')
EVALUATORS = _child(mmengine_registry.EVALUATOR, 'evaluation')
HOOKS = _child(mmengine_registry.HOOKS, 'engine')
LOOPS = _child(mmengine_registry.LOOPS, 'engine')
RUNNERS = _child(mmengine_registry.RUNNERS, 'engine')
RUNNER_CONSTRUCTORS = _child(mmengine_registry.RUNNER_CONSTRUCTORS, 'engine')
STRATEGIES = _child(mmengine_registry.STRATEGIES, 'engine')
FUNCTIONS = _child(mmengine_registry.FUNCTIONS, 'engine')
INFERENCERS = _child(mmengine_registry.INFERENCERS, 'apis')
OPTIMIZERS = _child(mmengine_registry.OPTIMIZERS, 'engine')
OPTIM_WRAPPERS = _child(mmengine_registry.OPTIM_WRAPPERS, 'engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(mmengine_registry.OPTIM_WRAPPER_CONSTRUCTORS, 'engine')
PARAM_SCHEDULERS = _child(mmengine_registry.PARAM_SCHEDULERS, 'engine')
LOG_PROCESSORS = _child(mmengine_registry.LOG_PROCESSORS, 'engine')
VISUALIZERS = _child(mmengine_registry.VISUALIZERS, 'visualization')
VISBACKENDS = _child(mmengine_registry.VISBACKENDS, 'visualization')
# mmpretrain's; mmengine has none.
BATCH_AUGMENTS = _child(MMPRETRAIN_BATCH_AUGMENTS, 'models')
# No other package has refiners: a registry without a parent.
REFINERS = Registry('refiner', scope='mmwsss', locations=['mmwsss.refinement.refiners'])
# mmengine has no parent for these.
CLUSTERERS = Registry('clusterer', scope='mmwsss', locations=['mmwsss.clustering'])
