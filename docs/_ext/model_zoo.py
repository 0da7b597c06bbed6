"""The page of all models, ``model_zoo.md``, from the metafiles that ``model-index.yml`` lists."""

from collections.abc import Iterator
from pathlib import Path

import yaml
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# Model zoo

All models that `mim` knows, by method, from the metafiles beside the configs. A name is that of
the config: `mim train mmwsss NAME.py`. Metrics are means over seeds, in per cent;
[results.md](results.md) has their tables with standard deviations, thresholds and commands. Where
none stand, none were measured. No weights are published, so that `mim download` finds none.
"""


def read_metafiles() -> tuple[dict[str, dict], list[dict]]:
    """Read collections by name, and all models."""
    metafiles = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
    contents = [yaml.safe_load((ROOT / file).read_text()) for file in metafiles]
    collections = [one for content in contents for one in content.get('Collections', [])]
    models = [one for content in contents for one in content.get('Models', [])]
    return {one['Name']: one for one in collections}, models


def metrics_of(model: dict) -> str:
    """Write the metrics of a model into a cell, a line for each dataset."""
    lines = []
    for result in model.get('Results', []):
        values = ', '.join(f'{name} {value}' for name, value in result['Metrics'].items())
        lines.append(f'{result["Dataset"]}: {values}')
    return '<br>'.join(lines)


def lines_of_page() -> Iterator[str]:
    """Write the page, a section for each method."""
    collections, models = read_metafiles()
    yield HEAD
    for name, collection in collections.items():
        paper = collection['Paper']
        yield f'## {name}\n\n[{paper["Title"]}]({paper["URL"]})\n'
        yield '| config | network | trained on | measured |\n| --- | --- | --- | --- |'
        for model in models:
            if model['In Collection'] == name:
                metadata = model['Metadata']
                network = ', '.join(metadata['Architecture'])
                yield (
                    f'| [{model["Name"]}](../{model["Config"]}) | {network} '
                    f'| {metadata["Training Data"]} | {metrics_of(model)} |'
                )
        yield ''


def write_page(app: Sphinx) -> None:
    """Write the page where it has changed."""
    page = Path(app.srcdir) / 'model_zoo.md'
    text = '\n'.join(lines_of_page())
    if not page.exists() or page.read_text() != text:
        page.write_text(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the page before Sphinx looks for pages."""
    app.connect('builder-inited', write_page)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
