"""What metafiles and the README.md of each folder say, by the configs and the pages of results."""

import re
from pathlib import Path

import pytest
import yaml
from repo import CONFIGS, DOCS, ROOT

INDEX = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
FOLDERS = sorted({path.parent for path in CONFIGS.rglob('*.py') if '_base_' not in path.parts})
# A pipeline is no model: its networks are in the metafiles of their folders.
MODEL_FOLDERS = [folder for folder in FOLDERS if folder.name != 'pipelines']
RESULTS = {line for page in DOCS.glob('*.md') for line in page.read_text().splitlines()}


def read(folder: Path) -> dict:
    return yaml.safe_load((folder / 'metafile.yml').read_text())


COLLECTIONS = {
    collection['Name']: collection
    for file in INDEX
    for collection in read((ROOT / file).parent).get('Collections', [])
}


def name(folder: Path) -> str:
    return folder.relative_to(ROOT).as_posix()


def rows(folder: Path) -> list[tuple[str, dict[str, str]]]:
    """The rows of the tables of results: the config, and its cells by their headings."""
    found, header = [], None
    for line in (folder / 'README.md').read_text().splitlines():
        if not line.startswith('|'):
            header = None
            continue
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        if header is None:
            header = cells
        config = re.fullmatch(r'\[.+\]\((\S+\.py)\)', cells[0])
        if config and any(re.match('(train|val)', heading) for heading in header):
            found.append((config[1], dict(zip(header[1:], cells[1:], strict=True))))
    return found


def measured(row: dict[str, str]) -> dict[tuple[str, str], float]:
    """The means of a row's metrics, by split and metric."""
    means = {}
    for heading, cell in row.items():
        split, _, metric = heading.partition(' ')
        if split in ('train', 'val') and metric != 'threshold' and cell:
            metrics = (metric or 'mIoU', 'mIoU with CRF')
            for one, value in zip(metrics, cell.split(' / '), strict=False):
                means[split, one] = float(value.split(' ± ')[0])
    return means


def test_index_lists_every_metafile():
    assert sorted(INDEX) == sorted(f'{name(folder)}/metafile.yml' for folder in MODEL_FOLDERS)


@pytest.mark.parametrize('folder', FOLDERS, ids=name)
def test_every_folder_has_a_page_of_all_its_configs(folder):
    page = (folder / 'README.md').read_text()
    for part in ('## Abstract', '## Commands', '## Results'):
        assert part in page
    for path in folder.glob('*.py'):
        assert f'({path.name})' in page, f'{path}: no link to it in README.md'


@pytest.mark.parametrize('folder', MODEL_FOLDERS, ids=name)
def test_metafile_names_every_config_once(folder):
    models = read(folder)['Models']
    configs = sorted(path for path in folder.glob('*.py') if path.name != 'classes.py')
    assert sorted(ROOT / model['Config'] for model in models) == configs
    for model in models:
        # mim writes the config of NAME to NAME.py, and looks for names in lower case.
        assert model['Name'] == Path(model['Config']).stem == model['Name'].lower()
        collection = COLLECTIONS[model['In Collection']]
        assert (ROOT / collection['README']).is_file()


@pytest.mark.parametrize('folder', MODEL_FOLDERS, ids=name)
def test_metrics_are_those_of_the_last_table_that_names_the_config(folder):
    last = dict(rows(folder))
    for model in read(folder)['Models']:
        metrics = {
            (result['Dataset'].split()[-1], metric): value
            for result in model.get('Results', [])
            for metric, value in result['Metrics'].items()
        }
        assert metrics == measured(last.get(Path(model['Config']).name, {})), model['Name']


@pytest.mark.parametrize('folder', FOLDERS, ids=name)
def test_tables_of_results_are_those_of_docs(folder):
    for config, row in rows(folder):
        assert (folder / config).is_file()
        line = '|' + '|'.join(f' {cell} ' if cell else ' ' for cell in row.values()) + '|'
        assert line in RESULTS, line


def test_results_are_read_from_tables():
    assert len(rows(CONFIGS / 'msrc')) >= 15
    assert len(rows(CONFIGS / 'pipelines')) >= 6
    row = {'stage': 'x', 'train': '', 'val': '67.8 ± 1.0 / 70.4 ± 1.2'}
    assert measured(row) == {('val', 'mIoU'): 67.8, ('val', 'mIoU with CRF'): 70.4}
    row = {'K': '1', 'train mIoU': '63.9 ± 0.8', 'train threshold': '0.19', 'val F': '1.5'}
    assert measured(row) == {('train', 'mIoU'): 63.9, ('val', 'F'): 1.5}
