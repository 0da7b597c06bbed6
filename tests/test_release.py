"""The release: one version everywhere, and automation that calls scripts that exist."""

import datetime
import re

import pytest
import yaml
from repo import ROOT

from mmwsss import __version__

GITHUB = ROOT / '.github'
FORMS = sorted(file for file in GITHUB.glob('ISSUE_TEMPLATE/*.yml') if file.stem != 'config')


def read_yaml(file):
    return yaml.safe_load(file.read_text())


def test_changelog_and_citation_name_the_version_and_its_day():
    version, day = re.search(
        r'^## (\d\S+) - (\S+)$', (ROOT / 'CHANGELOG.md').read_text(), re.M
    ).groups()
    citation = read_yaml(ROOT / 'CITATION.cff')
    assert version == __version__ == citation['version']
    assert datetime.date.fromisoformat(day) == citation['date-released']


def test_every_supported_python_is_tested():
    jobs = read_yaml(GITHUB / 'workflows/tests.yml')['jobs']
    pythons = jobs['lint-and-tests']['strategy']['matrix']['python']
    lowest = re.search(r'python_requires = >=(\S+)', (ROOT / 'setup.cfg').read_text())[1]
    assert pythons == [f'3.{minor}' for minor in range(int(lowest.split('.')[1]), 15)]
    classified = re.findall(r'Python :: (3\.\d+)$', (ROOT / 'setup.cfg').read_text(), re.M)
    assert classified == pythons


def test_workflows_call_scripts_that_exist():
    commands = [
        step['run']
        for file in GITHUB.glob('workflows/*.yml')
        for job in read_yaml(file)['jobs'].values()
        for step in job['steps']
        if 'run' in step
    ]
    scripts = [word for command in commands for word in command.split() if '/' in word]
    assert {'.ci/run', 'tools/quickstart.sh'} <= set(scripts)
    assert all((ROOT / script).is_file() for script in scripts)


@pytest.mark.parametrize('form', FORMS, ids=lambda form: form.stem)
def test_issue_form_has_what_a_form_needs(form):
    contents = read_yaml(form)
    assert {'name', 'description', 'body'} <= set(contents)
    fields = contents['body']
    assert all(field['type'] in ('input', 'textarea') for field in fields)
    assert len({field['id'] for field in fields}) == len(fields)
    assert all(field['attributes']['label'] for field in fields)
