"""The tutorial notebook runs, and shows images, as it is kept and when it is run."""

import sys

import pytest
from repo import DOCS

if sys.version_info < (3, 11):
    pytest.skip('the documentation needs Python 3.11', allow_module_level=True)

import nbformat
from nbclient import NotebookClient

TUTORIAL = DOCS / 'tutorial.ipynb'


def images(notebook: nbformat.NotebookNode) -> list[int]:
    """The places of the cells that show an image."""
    return [
        index
        for index, cell in enumerate(notebook.cells)
        if any('image/jpeg' in output.get('data', {}) for output in cell.get('outputs', []))
    ]


def test_tutorial_is_kept_with_its_images():
    notebook = nbformat.read(TUTORIAL, as_version=4)
    nbformat.validate(notebook)
    assert len(images(notebook)) == 3
    code = [cell for cell in notebook.cells if cell.cell_type == 'code']
    assert not any(out.output_type == 'error' for cell in code for out in cell.outputs)
    text = TUTORIAL.read_text()
    assert len(text) < 400_000 and '/home/' not in text and '/tmp/' not in text


@pytest.mark.slow
def test_tutorial_runs(tmp_path):
    notebook = nbformat.read(TUTORIAL, as_version=4)
    expected = images(notebook)
    (training,) = (cell for cell in notebook.cells if cell.source.startswith('epochs = 8\n'))
    training.source = training.source.replace('epochs = 8', 'epochs = 1', 1)
    for cell in notebook.cells:
        if cell.cell_type == 'code':
            cell.outputs = []
    resources = {'metadata': {'path': str(tmp_path)}}
    NotebookClient(notebook, timeout=600, kernel_name='python3', resources=resources).execute()
    assert images(notebook) == expected
