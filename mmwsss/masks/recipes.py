"""How long `mmwsss masks` trains: recipes by the number of images and by device."""

import math
from dataclasses import dataclass
from typing import NamedTuple


class Length(NamedTuple):
    """How long a network trains, whichever is longer.

    Attributes:
        iterations (int): Iterations that a few hundred images need.
        epochs (int): How often each image is seen, where there are many.
    """

    iterations: int
    epochs: int


@dataclass(frozen=True)
class Recipe:
    """Lengths of the trainings, and how response maps become labels.

    Attributes:
        classifier (Length): Length of the classifier, whose batches have 16 images, where there
            are a few hundred.
        many (Length): Length of the classifier of more than ``FEW`` images.
        affinitynet (Length, optional): Length of AffinityNet, 8 images a batch; None: no
            AffinityNet, so that the dense CRF alone refines the response maps.
        segmentor (Length): Length of the segmentor, 10 images a batch.
        scales (tuple[float, ...]): Scales of the views that response maps are averaged over; the
            longer side of an image at scale 1 has 512 pixels.
    """

    classifier: Length
    many: Length
    affinitynet: Length | None
    segmentor: Length
    scales: tuple[float, ...]


_SHORT = Recipe(Length(60, 1), Length(110, 2), None, Length(150, 2), (1.0,))
_MIDDLE = Recipe(Length(110, 2), Length(330, 5), Length(150, 2), Length(300, 5), (0.75, 1.0))
_LONG = Recipe(Length(220, 4), Length(660, 10), Length(300, 4), Length(1000, 10), (0.5, 1.0, 1.5))
_LONGEST = Recipe(
    Length(440, 8), Length(1320, 20), Length(600, 8), Length(4000, 20), (0.5, 1.0, 1.5, 2.0)
)
# Names of the recipes, and of which device: 'cpu' or an accelerator.
RECIPES = {
    ('quick', 'cpu'): _SHORT,
    ('standard', 'cpu'): _MIDDLE,
    ('best', 'cpu'): _LONG,
    ('quick', 'accelerator'): _MIDDLE,
    ('standard', 'accelerator'): _LONG,
    ('best', 'accelerator'): _LONGEST,
}
NAMES = ('quick', 'standard', 'best')
# Up to so many images, BatchNorm in training mode and concentration measured better, and fewer
# iterations are enough (docs/own_images.md).
FEW = 600
CLASSIFIERS = {
    'few': 'configs/custom/concentration_efficientnet-lite0_custom.py',
    'many': 'configs/custom/cam_efficientnet-lite0_custom.py',
}
BATCHES = {'classifier': 16, 'affinitynet': 8, 'segmentor': 10}


def choose_recipe(name: str, device: str) -> Recipe:
    """Choose a recipe.

    Args:
        name (str): 'quick', 'standard' or 'best'.
        device (str): What mmengine's ``get_device`` returns, such as 'cpu' or 'cuda'.

    Returns:
        Recipe: The recipe.
    """
    return RECIPES[name, 'cpu' if device == 'cpu' else 'accelerator']


def epochs_of(length: Length, batch: int, images: int) -> int:
    """Turn the length of a training into epochs.

    Args:
        length (Length): The length.
        batch (int): Images in a batch.
        images (int): Images that are trained on.

    Returns:
        int: Number of epochs.
    """
    return max(length.epochs, round(length.iterations / math.ceil(images / batch)))


def render_config(name: str, recipe: Recipe, images: int, seed: int = 0) -> str:
    """Write the config that a person edits.

    Args:
        name (str): Name of the recipe.
        recipe (Recipe): The recipe.
        images (int): Number of images that the networks learn from.
        seed (int): Seed of all trainings. Defaults to 0.

    Returns:
        str: Text of the config.
    """
    affinitynet, segmentor = recipe.affinitynet, recipe.segmentor
    which, classifier = ('few', recipe.classifier) if images <= FEW else ('many', recipe.many)
    epochs = {
        name: epochs_of(length, BATCHES[name], images)
        for name, length in (('classifier', classifier), ('affinitynet', affinitynet))
        if length is not None
    }
    iterations = max(segmentor.iterations, segmentor.epochs * images // BATCHES['segmentor'])
    texts = {
        'name': name,
        'seed': seed,
        'images': images,
        'classifier': CLASSIFIERS[which],
        'classifier_batch': min(BATCHES['classifier'], images),
        'classifier_epochs': epochs['classifier'],
        'scales': recipe.scales,
        'segmentor_iterations': iterations,
        'affinity_batch': min(BATCHES['affinitynet'], images),
        'affinity_epochs': epochs.get('affinitynet'),
    }
    refinement = _AFFINITY if affinitynet else _CRF
    return (_HEAD + refinement + _SEGMENTOR).format(**texts)


_HEAD = """\
# Settings of `mmwsss masks`, recipe "{name}" for {images} images. Edit them and run the command
# again: what depends on a change is made anew, the rest is kept. An edited file is never
# overwritten; without it, the command writes it anew. Images, tags and splits are in dataset.py.
# docs/pipeline.md of mmwsss explains stages; each takes any setting of its config in cfg_options.
_base_ = './dataset.py'
seed = {seed}

# The classifier: an epoch is one look at every image. For a few images it is the config
# concentration_…, for many it is cam_…; try the other where response maps are poor.
configs = dict(classifier='{classifier}')
_epochs = {classifier_epochs}
_classifier = dict(
    train_dataloader=dict(
        batch_size={classifier_batch},
        # Where some classes are rare: dict(type='ClassBalancedSampler', oversample_thr=0.1) shows
        # an epoch photos of classes in less than a tenth of all photos more often.
        sampler=dict(type='SeededSampler'),
    ),
    train_cfg=dict(max_epochs=_epochs, val_interval=_epochs),
    param_scheduler=dict(end=_epochs),
)
# Response maps are averaged over views of these scales; at scale 1 the longer side has 512 pixels.
_maps = dict(model=dict(test_cfg=dict(scales={scales}, flip=True)))
"""
_AFFINITY = """\
# AffinityNet learns where objects end; the random walk spreads the response maps up to there.
_affinity_epochs = {affinity_epochs}
_affinitynet = dict(
    train_dataloader=dict(batch_size={affinity_batch}),
    train_cfg=dict(max_epochs=_affinity_epochs, val_interval=_affinity_epochs),
    param_scheduler=dict(end=_affinity_epochs),
)
# A higher alpha makes less of an image background.
_background = dict(alpha=8)
# Large photos are refined at this many pixels on the long side; masks have the photo's size.
_max_size = 512
_labels = dict(pseudo_labels=dict(background=_background, max_size=_max_size))
_refinement = dict(
    affinitynet=dict(cfg_options=_affinitynet),
    masks=dict(cfg_options=_labels),
)
"""
_CRF = """\
# No AffinityNet: the dense CRF alone refines the response maps. A higher alpha makes less of an
# image background.
_background = dict(alpha=8)
# Large photos are refined at this many pixels on the long side; masks have the photo's size.
_max_size = 512
_labels = dict(
    pseudo_labels=dict(
        background=_background,
        max_size=_max_size,
        ignore_below=0.0,
        whole_dir=None,
        refiner=dict(_delete_=True, type='CRFRefiner', settings='irn'),
    )
)
_refinement = dict(
    affinity_labels=None,
    affinitynet=None,
    masks=dict(cfg_options=_labels, checkpoint=None),
)
"""
_SEGMENTOR = """\
# The segmentor, which needs no tags.
_iterations = {segmentor_iterations}
_segmentor = dict(
    train_cfg=dict(max_iters=_iterations, val_interval=_iterations),
    param_scheduler=dict(end=_iterations),
    default_hooks=dict(checkpoint=dict(interval=max(1, _iterations // 3))),
)
stages = dict(
    classifier=dict(cfg_options=_classifier),
    cams=dict(cfg_options=_maps),
    segmentor=dict(cfg_options=_segmentor),
    **_refinement,
)
"""
