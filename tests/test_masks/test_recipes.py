"""Recipes of ``mmwsss masks``: lengths of trainings, and the config that a person edits."""

import math

import pytest
from repo import CONFIGS

from mmwsss.masks.recipes import (
    CLASSIFIERS,
    FEW,
    NAMES,
    RECIPES,
    Length,
    Recipe,
    choose_recipe,
    epochs_of,
    render_config,
)


def read(text: str) -> dict:
    settings: dict = {}
    exec(text.replace("_base_ = './dataset.py'", ''), settings)
    return settings


@pytest.mark.parametrize(
    ('iterations', 'images', 'least', 'epochs'),
    [(60, 16, 1, 60), (60, 17, 1, 30), (60, 160, 1, 6), (60, 16_000, 1, 1), (60, 16_000, 3, 3)],
)
def test_epochs_hold_the_wanted_iterations(iterations, images, least, epochs):
    assert epochs_of(Length(iterations, least), 16, images) == epochs


@pytest.mark.parametrize('name', NAMES)
def test_every_recipe_trains_longer_on_an_accelerator(name):
    cpu, gpu = choose_recipe(name, 'cpu'), choose_recipe(name, 'cuda')
    assert gpu.classifier > cpu.classifier and gpu.segmentor > cpu.segmentor


@pytest.mark.parametrize('recipe', RECIPES.values())
def test_config_is_python_with_the_numbers_of_the_recipe(recipe):
    settings = read(render_config('quick', recipe, 5, seed=3))
    stages = settings['stages']
    classifier = stages['classifier']['cfg_options']
    assert settings['seed'] == 3
    assert classifier['train_cfg']['max_epochs'] == recipe.classifier.iterations
    assert classifier['train_dataloader']['batch_size'] == 5
    assert (
        stages['segmentor']['cfg_options']['train_cfg']['max_iters'] == recipe.segmentor.iterations
    )
    assert stages['cams']['cfg_options']['model']['test_cfg']['scales'] == recipe.scales


def test_recipe_without_affinitynet_has_no_stage_of_it():
    stages = read(
        render_config(
            'quick', Recipe(Length(10, 1), Length(10, 1), None, Length(10, 1), (1.0,)), 20
        )
    )['stages']
    assert stages['affinitynet'] is None and stages['affinity_labels'] is None
    assert stages['masks']['checkpoint'] is None
    # The segmentor learns from the masks themselves, of which no pixel is left out.
    settings = stages['masks']['cfg_options']['pseudo_labels']
    assert settings['ignore_below'] == 0 and settings['whole_dir'] is None


@pytest.mark.parametrize('images, which', [(FEW, 'few'), (FEW + 1, 'many')])
def test_the_classifier_goes_by_the_number_of_images(images, which):
    settings = read(render_config('standard', choose_recipe('standard', 'cpu'), images))
    assert settings['configs'] == {'classifier': CLASSIFIERS[which]}
    assert (CONFIGS.parent / CLASSIFIERS[which]).is_file()


def test_a_large_set_is_seen_as_often_as_the_recipe_says():
    recipe = Recipe(Length(10, 1), Length(10, 4), Length(10, 2), Length(10, 5), (1.0,))
    stages = read(render_config('best', recipe, 2000))['stages']
    assert stages['segmentor']['cfg_options']['train_cfg']['max_iters'] == 5 * 2000 // 10
    assert stages['classifier']['cfg_options']['train_cfg']['max_epochs'] == 4
    assert stages['affinitynet']['cfg_options']['train_cfg']['max_epochs'] == 2


@pytest.mark.parametrize('images', [1, 2, 9, 17, 100, 600, 2000, 20_000])
@pytest.mark.parametrize(('key', 'recipe'), RECIPES.items())
def test_recipes_hold_for_sets_of_any_size(images, key, recipe):
    stages = read(render_config(key[0], recipe, images))['stages']
    for name in ('classifier', 'affinitynet'):
        if stages.get(name) is None:
            assert name == 'affinitynet' and not recipe.affinitynet
            continue
        options = stages[name]['cfg_options']
        epochs, batch = (
            options['train_cfg']['max_epochs'],
            options['train_dataloader']['batch_size'],
        )
        assert 1 <= batch <= images and options['param_scheduler']['end'] == epochs
        many = name == 'classifier' and images > FEW
        wanted = recipe.many if many else getattr(recipe, name)
        assert epochs >= wanted.epochs
        # The wanted number of iterations to half an epoch, or as many epochs as there must be.
        once = math.ceil(images / batch)
        assert abs(epochs * once - wanted.iterations) <= once / 2 or epochs == wanted.epochs
    options = stages['segmentor']['cfg_options']
    iterations = options['train_cfg']['max_iters']
    assert iterations == options['param_scheduler']['end']
    assert iterations >= recipe.segmentor.iterations
    assert 10 * iterations > recipe.segmentor.epochs * images - 10
    assert 1 <= options['default_hooks']['checkpoint']['interval'] <= iterations
