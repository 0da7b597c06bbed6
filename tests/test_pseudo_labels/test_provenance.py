"""Labels that are out of date, and labels without their weights."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_maps import COUNT, config, contents, launch, without_model, write_tiny_maps

from mmwsss.datasets import LabelFolder
from mmwsss.pseudo_labels.affinity_labels import make_affinity_labels
from mmwsss.pseudo_labels.images import TaggedImage, refuse_shared_files
from mmwsss.pseudo_labels.make import make_pseudo_labels
from mmwsss.structures import CAMStore, ResponseMap

MAKERS = {
    'affinity': lambda root: make_affinity_labels(config(root), workers=0),
    'pseudo': lambda root: make_pseudo_labels(without_model(root, 'pseudo'), workers=0),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Images, their response maps and a config, in a folder that a test may move."""
    root = tmp_path / 'maps'
    root.mkdir()
    write_tiny_maps(root)
    return root


@pytest.mark.parametrize('kind', MAKERS)
def test_labels_of_other_response_maps_are_refused(root: Path, kind: str) -> None:
    make, folder = MAKERS[kind], root / kind
    make(root)
    before = contents(folder)
    store = CAMStore.open(root / 'cams')
    for response in list(store):
        store.write(response)
    make(root)  # written again, but the same
    response = store.read('p1')
    scores = response.scores.flip(2)
    store.write(ResponseMap(scores, response.classes, response.ori_shape, 'p1'))
    message = (
        r'1 of 6 labels are out of date; delete .*\n.*p1\.png: made from other .* than .*p1\.npz$'
    )
    with pytest.raises(ValueError, match=message):
        make(root)
    assert contents(folder) == before
    (folder / 'p1.png').unlink()
    make(root)
    after = contents(folder)
    assert [name for name in before if before[name] != after[name]] == ['p1.png']


@pytest.mark.parametrize('kind', MAKERS)
def test_labels_of_other_tags_are_refused(root: Path, kind: str) -> None:
    MAKERS[kind](root)
    path = root / 'image_labels.json'
    tags = json.loads(path.read_text())
    was = ', '.join(tags['labels']['p1'])
    tags['labels']['p1'] = tags['labels']['p1'][:1]
    path.write_text(json.dumps(tags))
    message = rf'p1\.png: image-level labels were {was}, are {tags["labels"]["p1"][0]}$'
    with pytest.raises(ValueError, match=message):
        MAKERS[kind](root)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Names of the files that are opened, by any function of this Python."""
    names: list[str] = []
    listening = True

    def listen(event: str, arguments: tuple) -> None:
        if listening and event == 'open':
            names.append(str(arguments[0]))

    sys.addaudithook(listen)  # such a hook stays until the process ends
    yield names
    listening = False


@pytest.mark.parametrize('kind', MAKERS)
def test_response_maps_are_read_once(root: Path, kind: str, opened: list[str]) -> None:
    cfg = without_model(root, 'pseudo', mask_dir=None)
    cfg.affinity_labels.mask_dir = None
    if kind == 'affinity':
        make_affinity_labels(cfg, workers=0)
    else:
        make_pseudo_labels(cfg, workers=0)
    maps = [name for name in opened if name.endswith('.npz')]
    assert sorted(maps) == [str(root / f'cams/p{index}.npz') for index in range(COUNT)]


def test_labels_that_do_not_say_what_they_are_made_from_are_refused(root: Path) -> None:
    make_affinity_labels(config(root), workers=0)
    folder = LabelFolder.open(root / 'affinity', 'affinity')
    folder.write('p2', folder.read('p2'))
    with pytest.raises(ValueError, match=r'p2\.png: does not say what it was made from$'):
        make_affinity_labels(config(root), workers=0)


def test_missing_weights_are_made(root: Path) -> None:
    make_pseudo_labels(without_model(root, 'pseudo'), workers=0)
    labels, weights = contents(root / 'pseudo'), root / 'weights'

    def made(out: str, **settings) -> int:
        cfg = without_model(root, out, weight_dir=str(weights), **settings)
        return make_pseudo_labels(cfg, workers=0).made

    assert made('pseudo') == COUNT
    whole = contents(weights)
    assert len(whole) == COUNT and made('pseudo') == 0
    (weights / 'p1.png').unlink()
    (weights / 'p2.png').write_bytes(whole['p2.png'][:-1])
    assert made('pseudo') == 2
    assert contents(weights) == whole and contents(root / 'pseudo') == labels
    # Those of other labels in the same folder are not taken for those of these.
    assert made('other', background=dict(alpha=2)) == COUNT
    assert contents(weights) != whole and made('pseudo') == COUNT
    assert contents(weights) == whole


def test_whole_labels_are_those_of_a_run_that_ignores_nothing(root: Path) -> None:
    make_pseudo_labels(without_model(root, 'plain', ignore_below=0.0), workers=0)
    unsure = dict(ignore_below=0.8)
    make_pseudo_labels(without_model(root, 'unsure', **unsure), workers=0)
    cfg = without_model(root, 'both', whole_dir=str(root / 'whole'), **unsure)
    make_pseudo_labels(cfg, workers=0)
    plain, unsure_labels = contents(root / 'plain'), contents(root / 'unsure')
    assert plain != unsure_labels and len(plain) == COUNT
    assert contents(root / 'whole') == plain and contents(root / 'both') == unsure_labels
    (root / 'whole/p1.png').unlink()
    assert make_pseudo_labels(cfg, workers=0).made == 1
    assert contents(root / 'whole') == plain and contents(root / 'both') == unsure_labels
    with pytest.raises(ValueError, match='ignore_below'):  # it holds labels of another kind
        make_pseudo_labels(without_model(root, 'whole', **unsure), workers=0)


@pytest.mark.parametrize('kind', MAKERS)
def test_interrupted_labels_go_on_where_everything_moved(root: Path, kind: str) -> None:
    MAKERS[kind](root)
    before = contents(root / kind)
    (root / kind / 'p1.png').unlink()
    moved = root.with_name(f'{root.name}_moved')
    root.rename(moved)
    (moved / 'tiny.py').write_text((moved / 'tiny.py').read_text().replace(str(root), str(moved)))
    MAKERS[kind](moved)
    assert contents(moved / kind) == before


@pytest.mark.parametrize('setting', ['weight_dir', 'whole_dir'])
@pytest.mark.parametrize('other', ['pseudo', 'there/../pseudo/', 'link'])
def test_other_files_never_overwrite_labels(root: Path, setting: str, other: str) -> None:
    (root / 'there').mkdir()
    (root / 'link').symlink_to(root / 'pseudo')
    cfg = without_model(root, 'pseudo', **{setting: f'{root}/{other}'})
    with pytest.raises(
        ValueError, match=rf'^{setting} .* share .*p0\.png, so that one would overwrite the other'
    ):
        make_pseudo_labels(cfg, workers=0)
    assert not (root / 'pseudo').exists()


def test_weights_never_overwrite_whole_labels(root: Path) -> None:
    other = str(root / 'other')
    cfg = without_model(root, 'pseudo', weight_dir=other, whole_dir=other)
    with pytest.raises(ValueError, match=r'^whole_dir .* and weight_dir .* share'):
        make_pseudo_labels(cfg, workers=0)


def test_folders_in_one_another_may_share_files(tmp_path: Path) -> None:
    """``a/x`` of the outer folder is ``x`` of the inner one."""
    images = [TaggedImage(img_id, '', (), None) for img_id in ('x', 'a/x', 'y')]

    def refuse(first: str, second: str) -> None:
        folders = {'out_dir': tmp_path / first, 'weight_dir': tmp_path / second}
        refuse_shared_files(folders, images)

    for folders in (('out', 'out/a'), ('out/a', 'out')):
        with pytest.raises(ValueError, match=r'share .*/out/a/x\.png'):
            refuse(*folders)
    refuse('out', 'out/b')
    refuse('out', 'weights')


@pytest.mark.slow
def test_two_processes_refuse_labels_of_other_response_maps(root: Path) -> None:
    make_affinity_labels(config(root), workers=0)
    store = CAMStore.open(root / 'cams')
    response = store.read('p1')
    store.write(ResponseMap(1 - response.scores, response.classes, response.ori_shape, 'p1'))
    output = launch(root, 'make_affinity_labels.py', '--workers', '0', expect=1)
    assert '1 of 6 labels are out of date' in output
