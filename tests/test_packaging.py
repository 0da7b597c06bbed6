"""What a wheel and a source distribution contain, and where mim looks for configs and tools."""

import re
from pathlib import Path

import pytest
import yaml
from repo import ROOT
from setuptools import Distribution


@pytest.fixture(scope='module')
def built(tmp_path_factory) -> Path:
    """The files of a wheel."""
    target = tmp_path_factory.mktemp('build')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        distribution = Distribution({'script_name': 'setup.py'})
        distribution.parse_config_files()
        command = distribution.get_command_obj('build_py')
        command.build_lib = str(target)
        command.ensure_finalized()
        command.run()
    return target / 'mmwsss'


@pytest.fixture(scope='module')
def source_files(tmp_path_factory) -> set[str]:
    """The files of a source distribution."""
    target = tmp_path_factory.mktemp('sources')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        distribution = Distribution({'script_name': 'setup.py'})
        distribution.parse_config_files()
        command = distribution.get_command_obj('egg_info')
        command.egg_base = str(target)
        command.ensure_finalized()
        command.run()
    return set((target / 'mmwsss.egg-info/SOURCES.txt').read_text().splitlines())


def relative_files(folder: Path, *patterns: str) -> set[str]:
    return {
        file.relative_to(folder).as_posix()
        for pattern in patterns
        for file in folder.rglob(pattern)
    }


@pytest.mark.parametrize('folder', ['configs', 'tools'])
def test_configs_and_tools_are_in_the_wheel(built, folder):
    patterns = ('*.py', '*.sh', '*.yml', '*.md')
    expected = relative_files(ROOT / folder, *patterns)
    assert len(expected) > 5
    assert relative_files(built / '.mim' / folder, *patterns) == expected
    assert not any(file.is_symlink() for file in built.rglob('*'))


def test_every_module_is_in_the_wheel(built):
    expected = relative_files(ROOT / 'mmwsss', '*.py')
    packaged = {name for name in relative_files(built, '*.py') if not name.startswith('.mim')}
    assert packaged == {name for name in expected if not name.startswith('.mim')}


def test_page_of_view_is_in_the_wheel(built):
    expected = relative_files(ROOT / 'mmwsss/view/page', '*')
    assert {'index.html', 'page.js', 'style.css'} <= expected
    assert relative_files(built / 'view/page', '*') == expected


def test_index_of_models_names_configs_that_exist(built):
    imported = yaml.safe_load((built / '.mim/model-index.yml').read_text())['Import']
    assert 'configs/metafile.yml' in imported
    for metafile in imported:
        for line in (built / '.mim' / metafile).read_text().splitlines():
            if line.strip().startswith('Config:'):
                assert (built / '.mim' / line.split()[1]).is_file(), line


def test_mim_finds_configs_and_tools_of_a_checkout():
    if (ROOT / 'PKG-INFO').is_file():
        pytest.skip('a source distribution has copies where a checkout has links')
    for name in ('configs', 'tools', 'model-index.yml'):
        assert (ROOT / 'mmwsss/.mim' / name).resolve() == ROOT / name


def test_source_distribution_has_what_the_readme_names(source_files):
    text = (ROOT / 'README.md').read_text()
    links = [link for link in re.findall(r'\]\(([^)#\s]+)', text) if '://' not in link]
    named = {*links, *re.findall(r'\b(?:tools|configs|docs)/[\w./-]+\.\w+', text)}
    assert {'tools/quickstart.sh', 'docs/images/quickstart.jpg', 'configs/mixup_cam.py'} <= named
    parents = {str(parent) for file in source_files for parent in Path(file).parents}
    missing = {name for name in named if name.rstrip('/') not in source_files | parents}
    assert missing == set()


def test_source_distribution_can_be_set_up_tested_and_built(source_files):
    needed = ['LICENSE', 'pyproject.toml', 'setup.cfg', 'requirements/constraints.txt']
    tests = relative_files(ROOT / 'tests', '*.py')
    assert {*needed, *(f'tests/{name}' for name in tests)} <= source_files
    assert {'mmwsss/.mim/configs/mixup_cam.py', 'mmwsss/.mim/model-index.yml'} <= source_files
    assert not any(Path(name).suffix == '.pyc' for name in source_files)
    # What other tests read.
    assert {'.ci/run', '.github/workflows/tests.yml', '.readthedocs.yaml'} <= source_files


def test_source_distribution_has_nothing_that_a_build_leaves_behind(source_files):
    left = ('docs/_build/', 'docs/api/', 'docs/model_zoo.md')
    assert not [name for name in source_files if name.startswith(left)]


def test_every_file_that_is_no_text_is_one_that_the_notice_names(source_files):
    def is_text(name: str) -> bool:
        try:
            return bool((ROOT / name).read_text())
        except UnicodeDecodeError:
            return False

    others = {name for name in source_files if (ROOT / name).stat().st_size and not is_text(name)}
    assert others and {str(Path(name).parent) for name in others} == {'docs/images'}
    notice = (ROOT / 'NOTICE').read_text()
    assert 'docs/images' in notice and 'mmwsss/datasets/splits' in notice
