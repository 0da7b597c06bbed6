"""The examples of docs/python_api.md run as they stand."""

import re
import shutil

import pytest
from repo import DOCS

BLOCKS = re.findall(r'```python\n(.*?)```', (DOCS / 'python_api.md').read_text(), re.DOTALL)


@pytest.mark.parametrize('block', BLOCKS, ids=['masks', 'response_maps', 'onnx'])
def test_an_example_runs(block, request, tmp_path, monkeypatch, capsys):
    if 'onnx' in block:
        pytest.importorskip('onnxruntime')
    trained = request.getfixturevalue('classifier' if 'CAM' in block else 'segmentor')
    monkeypatch.chdir(tmp_path)
    shutil.copy(trained.config, 'config.py')
    shutil.copy(trained.checkpoint, 'checkpoint.pth')
    shutil.copytree(trained.root / 'JPEGImages', 'photos')
    shutil.copy('photos/p0.jpg', 'photo.jpg')
    exec(block, {})
    assert capsys.readouterr().out
