"""t-SNE of weights and features: the numbers beside the coordinates, and the files."""

import csv

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image

from mmwsss.analysis import feature_embedding
from mmwsss.analysis.embedding import embed, embed_weights
from mmwsss.analysis.embedding_figures import write_embeddings
from mmwsss.registry import MODELS

NAMES = ('cow', 'dog', 'pig')
LABELS = [(0,), (0, 1), (1,), (2,), (0, 2), (0,), (1, 2), (0,)]
# Of each image: sub-categories of cow, dog and pig.
ROWS = ['0 - -', '1 0 -', '- 1 -', '- - 0', '3 - 1', '0 - -', '- 0 0', '1 - -']
ASSIGNMENTS = torch.tensor(
    [[int(x.replace('-', '-1')) for x in row.split()] for row in ROWS], dtype=torch.int32
)


def model_cfg():
    return dict(
        type='CAMClassifier',
        backbone=dict(type='mmpretrain.ResNet', depth=18, stem_channels=8, base_channels=8),
        head=dict(type='SubCategoryHead', num_classes=3, in_channels=64, num_subcategories=4),
        data_preprocessor=dict(mean=[0.0] * 3, std=[255.0] * 3, num_classes=3),
    )


@pytest.fixture
def cfg(tmp_path):
    (tmp_path / 'JPEGImages').mkdir()
    rng = np.random.default_rng(0)
    lines = []
    for index, labels in enumerate(LABELS):
        pixels = rng.integers(0, 256, (40, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'JPEGImages/{index}.png')
        lines.append(' '.join([f'{index}.png', *(NAMES[label] for label in labels)]))
    (tmp_path / 'labels.txt').write_text('\n'.join(lines) + '\n')
    dataset = dict(
        type='ImageLevelDataset',
        data_root=str(tmp_path),
        label_file='labels.txt',
        metainfo=dict(classes=NAMES),
        pipeline=[],
    )
    loader = dict(batch_size=3, num_workers=0, dataset=dataset)
    return Config(dict(default_scope='mmwsss', model=model_cfg(), train_dataloader=loader))


def checkpoint(tmp_path, assignments=ASSIGNMENTS):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmwsss'):
        model = MODELS.build(model_cfg())
    if assignments is not None:
        model.head.set_assignments(assignments, 2, [str(i) for i in range(len(assignments))])
    torch.save(model.state_dict(), tmp_path / 'round.pth')
    return str(tmp_path / 'round.pth')


def test_neighbours_by_cosine_stay_neighbours():
    rng = np.random.default_rng(0)
    centres = np.eye(3, 20)
    rows = np.repeat(centres, 12, 0) + 0.02 * rng.normal(size=(36, 20))
    rows *= rng.uniform(0.1, 10, (36, 1))
    places = embed(rows, perplexity=5)
    distances = np.linalg.norm(places[:, None] - places, axis=2) + 1e9 * np.eye(36)
    nearest = distances.argmin(1)
    assert (nearest // 12 == np.arange(36) // 12).all()


def test_three_points_are_refused():
    with pytest.raises(ValueError, match='t-SNE of 3 points'):
        embed(np.eye(3))


def test_weights_know_their_nearest_and_their_co_occurring_class():
    with DefaultScope.overwrite_default_scope('mmwsss'):
        model = MODELS.build(model_cfg())
    model.head.set_assignments(ASSIGNMENTS, 1, [str(i) for i in range(len(ASSIGNMENTS))])
    parents, subs = torch.eye(3, 64) + 0.1, torch.rand(12, 64) * 0.01
    # Cow 0 is like dog, cow 1 like pig (and cow), cow 3 like cow and then dog.
    subs[0, 1], subs[1, 2], subs[1, 0], subs[3, 0], subs[3, 1] = 1, 1, 2, 2, 1
    model.head.classifier.weight.data = parents[..., None, None]
    model.head.sub_classifier.weight.data = subs[..., None, None]
    points = embed_weights(model, NAMES, ['cow'])
    assert [(p.name, p.subcategory) for p in points] == [
        *((name, None) for name in NAMES),
        ('cow', 0),
        ('cow', 1),
        ('cow', 3),
    ], 'sub-category 2 has no images'
    assert [p.images for p in points] == [5, 3, 3, 2, 2, 1]
    assert [p.nearest for p in points[3:]] == ['dog', 'pig', 'dog']
    assert [p.co_occurring_class for p in points[3:]] == [None, 'dog', 'pig']
    assert [p.shared_images for p in points[3:]] == [0, 1, 1]
    row, parent = subs[1].double(), parents.double()
    cosine = (parent @ row) / parent.norm(dim=1) / row.norm()
    assert points[4].cosine == pytest.approx(float(cosine[2]), abs=1e-5)
    assert points[4].own_cosine == pytest.approx(float(cosine[0]), abs=1e-5)


def test_files_hold_the_coordinates_of_all(cfg, tmp_path):
    files = write_embeddings(cfg, checkpoint(tmp_path), ['cow'], tmp_path / 'out')
    assert [file.name for file in files] == [
        'weights.png',
        'weights.csv',
        'features.csv',
        'features_cow.png',
        'features_cow.csv',
    ]
    features = list(csv.DictReader(files[2].open()))
    assert [row['img_id'] for row in features] == [str(i) for i in range(8)]
    assert features[4]['classes'] == 'cow;pig' and features[4]['subcategories'] == '3;1'
    places = np.array([(float(row['x']), float(row['y'])) for row in features])
    assert np.isfinite(places).all() and len(np.unique(places, axis=0)) == 8
    own = list(csv.DictReader(files[4].open()))
    assert [row['img_id'] for row in own] == ['0', '1', '4', '5', '7'], 'those of the class'
    assert [row['subcategories'] for row in own] == ['0', '1;0', '3;1', '0', '1']
    weights = list(csv.DictReader(files[1].open()))
    assert [row['subcategory'] for row in weights] == ['', '', '', '0', '1', '3']
    for file in (files[0], files[3]):
        assert len(np.unique(np.array(Image.open(file).convert('RGB')).reshape(-1, 3), axis=0)) > 9


@pytest.fixture
def no_features(monkeypatch):
    """Without the features of all images, whose extraction takes long."""
    monkeypatch.delattr(feature_embedding, 'extract_features')


def test_unknown_class_is_refused_at_once(cfg, tmp_path, no_features):
    with pytest.raises(ValueError, match='no class cat, but cow, dog, pig'):
        write_embeddings(cfg, checkpoint(tmp_path), ['cat'], tmp_path / 'out')


def test_class_of_few_images_is_refused_at_once(cfg, tmp_path, no_features):
    with pytest.raises(
        ValueError, match=r't-SNE needs 4 images of a class, more than of pig \(3\)'
    ):
        write_embeddings(cfg, checkpoint(tmp_path), ['cow', 'pig'], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('count, total', [(3, 9), (5, 15)])
def test_other_number_of_subcategories_is_refused(cfg, tmp_path, count, total):
    weights = checkpoint(tmp_path)
    cfg.model.head.num_subcategories = count
    message = rf'round\.pth has 12 sub-categories of 64 features, the config {total} of 64'
    with pytest.raises(ValueError, match=message):
        write_embeddings(cfg, weights, ['cow'], tmp_path / 'out')


@pytest.mark.parametrize('key', ['default_hooks', 'custom_hooks'])
def test_view_and_stage_are_those_of_the_clustering_wherever_it_stands(
    cfg, tmp_path, monkeypatch, key
):
    view = [dict(type='mmwsss.LoadImage'), dict(type='mmpretrain.PackInputs')]
    hook = dict(type='mmwsss.SubCategoryClusteringHook', stage='backbone', pipeline=view)
    others = [dict(type='CheckpointHook'), None, hook]
    cfg[key] = others[::2] if key == 'custom_hooks' else dict(zip('abc', others))
    seen = []
    loader = feature_embedding.feature_loader
    monkeypatch.setattr(
        feature_embedding,
        'feature_loader',
        lambda data, view, *args: seen.append(view) or loader(data, None, *args),
    )
    extract = feature_embedding.extract_features
    monkeypatch.setattr(
        feature_embedding, 'extract_features', lambda *args: seen.append(args[2]) or extract(*args)
    )
    write_embeddings(cfg, checkpoint(tmp_path), ['cow'], tmp_path / 'out')
    assert seen == [view, 'backbone']


def test_round_0_is_refused(cfg, tmp_path):
    weights = checkpoint(tmp_path, assignments=None)
    with pytest.raises(ValueError, match=r'round\.pth has no sub-categories'):
        write_embeddings(cfg, weights, ['cow'], tmp_path / 'out')


def test_other_images_are_refused(cfg, tmp_path):
    with pytest.raises(ValueError, match='of other images'):
        write_embeddings(cfg, checkpoint(tmp_path, ASSIGNMENTS.flip(0)), ['cow'], tmp_path / 'out')
