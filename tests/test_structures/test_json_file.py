"""Whoever reads JSON names the file and the remedy, whatever stands in it."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from repo import ROOT

from mmwsss.clustering.records import read_round
from mmwsss.datasets.exporters.export import _read_classes
from mmwsss.datasets.label_folder import LabelFolder
from mmwsss.evaluation.curve_file import read_best
from mmwsss.pipeline.comparison.pipelines import stage_scores
from mmwsss.pipeline.stages.labels import read_label_report
from mmwsss.pipeline.stages.testing import read_metrics
from mmwsss.structures import CAMStore, DataError, read_json


def _read_round(root: Path) -> object:
    (root / 'sub_categories/round_1.csv').write_text('img_id,class,subcategory,distance\n')
    return read_round(root, 1)


READERS: dict[str, Callable[[Path], object]] = {
    'sub_categories/round_1.json': _read_round,
    'metrics.json': lambda root: read_metrics(root / 'metrics.json'),
    'report.json': lambda root: read_label_report(root / 'report.json'),
    'cams.json': lambda root: read_best(root / 'cams.json', 'mIoU', 'threshold'),
    'a/seed_0/results.json': lambda root: stage_scores({'A': '/pipelines/a.py'}, [0], root),
    'cam_store.json': CAMStore.open,
    'label_folder.json': lambda root: (LabelFolder.open(root, 'pseudo'), _read_classes(root)),
}
CONTENTS = (b'', b'{"classes": [', b'\xff\xfe', b'[' * 100_000, b'3', b'[3]', b'"x"', b'null')


@pytest.mark.parametrize('content', CONTENTS, ids=range(len(CONTENTS)))
@pytest.mark.parametrize('name', READERS)
def test_what_is_no_such_file_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf'{file.name}: .+[;:,] .+') as error:
        READERS[name](tmp_path)
    assert '\n' not in str(error.value)


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r'x\.json: no such file; make it'):
        read_json(tmp_path / 'x.json', 'make it')


def test_an_error_of_the_reader_itself_goes_through(tmp_path: Path) -> None:
    def take(_: object) -> None:
        raise DataError('mine')

    (tmp_path / 'x.json').write_text('{}')
    with pytest.raises(DataError, match=r'^mine$'):
        read_json(tmp_path / 'x.json', 'make it', take)


def test_no_file_is_read_by_another_reader() -> None:
    readers = set()
    for path in (ROOT / 'mmwsss').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            # json.loads(json.dumps(...)) makes values what JSON can hold, and reads nothing.
            if is_call and ast.unparse(node.func) in ('json.load', 'json.loads'):
                argument = ast.unparse(node.args[0])
                readers |= set() if argument.startswith('json.dumps(') else {path.name}
    assert readers == {'json_file.py'}
