"""A damaged record of a stage is named; one of another version counts for nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from mmwsss.pipeline.records import Dependencies, StageRecord
from mmwsss.pipeline.stage_folder import clear, mark_begun

MADE_FROM = Dependencies({'model': 'abc'}, {'train.txt': 'def'})
RECORD = StageRecord('cam', 'train', 'CAM', 'cam.py', 'run/a.pth', 'checkpoint', 1.5, MADE_FROM)


def test_a_record_is_read_as_written(tmp_path: Path) -> None:
    RECORD.write(tmp_path)
    assert StageRecord.read(tmp_path) == StageRecord(
        **{**vars(RECORD), 'output': str(tmp_path / 'run/a.pth')}
    )


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('name', 1), ('title', None), ('seconds', 'long'), ('seconds', True),
        ('made_from', {'settings': []}), ('made_from', {'files': {'train.txt': 1}}),
        ('metrics', [1]), ('metrics', {'mIoU': 'high'}), ('class_iou', {'cat': [1]}),
        ('reference', 'x'), ('resumed', 'no'),
    ],
)  # fmt: skip
def test_wrong_types_are_named(key: str, value: Any, tmp_path: Path) -> None:
    RECORD.write(tmp_path)
    path = tmp_path / 'stage.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(ValueError, match=rf'stage\.json: wrong type of {key}; delete it'):
        StageRecord.read(tmp_path)


@pytest.mark.parametrize('content', [b'', b'{"name": ', b'[' * 100_000, b'\xff'], ids=range(4))
def test_what_is_not_json_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / 'stage.json').write_bytes(content)
    with pytest.raises(ValueError, match=r'stage\.json: not JSON .*; delete it'):
        StageRecord.read(tmp_path)


@pytest.mark.parametrize('content', [{}, {'output': 'x'}, {'output': 'x', 'new': 1}, [], 3])
def test_another_version_counts_for_nothing(content: object, tmp_path: Path) -> None:
    (tmp_path / 'stage.json').write_text(json.dumps(content))
    assert StageRecord.read(tmp_path) is None


def test_clearing_a_folder_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/photo.jpg').touch()
    folder = tmp_path / 'stage'
    mark_begun(folder, Dependencies())
    (folder / 'labels').symlink_to(tmp_path / 'mine')
    clear(folder)
    assert not any(folder.iterdir())
    assert (tmp_path / 'mine/photo.jpg').exists()
