"""Commands and names of files in the pages and in the docstrings of the tools."""

import argparse
import ast
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from mmengine.config import Config
from repo import CONFIGS, DOCS, ROOT, TOOLS

import mmwsss  # noqa: F401 (finds the base configs of other packages)

PAGES = [ROOT / 'README.md', *sorted(DOCS.glob('*.md')), *sorted(CONFIGS.rglob('README.md'))]
SCRIPTS = sorted(TOOLS.rglob('*.py'))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    """A page, or the docstring of a tool."""
    text = path.read_text()
    return text if path.suffix == '.md' else ast.get_docstring(ast.parse(text)) or ''


def expand(command: str, variables: dict[str, str]) -> str:
    return re.sub(r'\$(\w+)', lambda match: variables.get(match[1], match[0]), command)


def commands(text: str) -> Iterator[list[str]]:
    """The commands ``python tools/…`` of a text, in words as a shell makes them."""
    variables: dict[str, str] = {}
    for line in text.replace('\\\n', ' ').splitlines():
        for setting in re.findall(r'(?:^|; )(\w+=(?:\'[^\']*\'|[^ ;]+))(?=;|$)', line):
            key, _, value = setting.partition('=')
            variables[key] = value.strip("'")
        inline = re.findall(r'`+(python tools/[^`]+)`+', line)
        for command in inline or [line.strip()]:
            if command.startswith('python tools/'):
                yield shlex.split(expand(command, variables), comments=True)[1:]


COMMANDS = [
    pytest.param(words, id=f'{name(path)}: {" ".join(words)[:60]}')
    for path in [*PAGES, *SCRIPTS]
    for words in commands(text_of(path))
]


class Parsed(Exception):
    """Stops a tool where it has parsed its arguments."""


@cache
def load(config: str) -> Config:
    return Config.fromfile(ROOT / config)


@pytest.mark.parametrize('words', COMMANDS)
def test_command_is_one_that_the_tool_accepts(words, monkeypatch):
    parse = argparse.ArgumentParser.parse_args

    def stop(self, *args, **kwargs):
        raise Parsed(parse(self, *args, **kwargs))

    # Brackets mark what may be left out, an ellipsis more of the same.
    words = [word.strip('[]') for word in words if word not in ('…', '[…]')]
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, 'argv', words)
    monkeypatch.setattr(argparse.ArgumentParser, 'parse_args', stop)
    with pytest.raises(Parsed) as parsed:
        runpy.run_path(str(ROOT / words[0]), run_name='__main__')
    options = vars(parsed.value.args[0])
    config = next((word for word in words if re.fullmatch(r'configs/\S+\.py', word)), None)
    for found in re.findall(r'configs/[\w./-]+\.py', ' '.join(words)):
        assert (ROOT / found).is_file(), found
    for key in options.get('cfg_options') or {} if config else ():
        *parents, _ = key.partition('=')[0].split('.')
        settings = load(config)
        for parent in parents:
            settings = settings[int(parent) if isinstance(settings, list) else parent]


def test_commands_are_found():
    text = """A=x.py; B='two words'
    python tools/a.py $A \\
        'CAM=b c' "$A" $B  # why
    Or `python tools/b.py --key` inline, and tools/c.py."""
    assert list(commands(text)) == [
        ['tools/a.py', 'x.py', 'CAM=b c', 'x.py', 'two', 'words'],
        ['tools/b.py', '--key'],
    ]
    assert len(COMMANDS) > 60


def alternatives(pattern: str) -> list[str]:
    """The names of a pattern with braces, as a shell expands it."""
    parts = re.split(r'\{([^}]*)\}', pattern)
    choices = [part.split(',') if index % 2 else [part] for index, part in enumerate(parts)]
    return [''.join(parts) for parts in product(*choices)]


@pytest.mark.parametrize('path', [*PAGES, *SCRIPTS], ids=name)
def test_files_that_a_page_names_exist(path):
    for found in re.findall(r'\b(?:configs|tools)/[\w./*{},-]*[\w*}/]', text_of(path)):
        for one in alternatives(found):
            assert list(ROOT.glob(one)), one


# Pages that the build of the site writes.
GENERATED = {'model_zoo.md'}


@pytest.mark.parametrize('path', PAGES, ids=name)
def test_links_of_a_page_lead_to_files(path):
    for target in re.findall(r'\]\((?!https?:)([^)#\s]+)', path.read_text()):
        assert target in GENERATED or (path.parent / target).exists(), target


@cache
def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    text = re.sub(r'^```.*?^```', '', path.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r'^#+ (.+)$', text, re.MULTILINE)
    return {re.sub(r'[^\w -]', '', one.lower()).replace(' ', '-') for one in headings}


@pytest.mark.parametrize('path', PAGES, ids=name)
def test_links_into_a_page_lead_to_headings(path):
    for file, anchor in re.findall(r'\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)', path.read_text()):
        assert anchor in anchors((path.parent / file) if file else path), f'{file}#{anchor}'


@pytest.mark.parametrize('path', [*PAGES, ROOT / 'CHANGELOG.md', ROOT / 'SECURITY.md'], ids=name)
def test_rows_of_a_table_follow_its_head_and_have_its_cells(path):
    text = re.sub(r'```.*?```', '', path.read_text(), flags=re.DOTALL)
    for block in re.findall(r'(?:^\|.*\n?)+', text, re.MULTILINE):
        rows = [re.sub(r'`[^`]*`|\\\|', '', row) for row in block.splitlines()]
        assert len(rows) > 2 and set(rows[1]) <= set('|-: '), rows[0]
        assert {row.count('|') for row in rows} == {rows[1].count('|')}, rows[0]


@pytest.mark.parametrize('path', sorted(TOOLS.rglob('*.sh')), ids=name)
def test_shell_scripts_can_be_run(path):
    subprocess.run(['bash', '-n', path], check=True)
    assert os.access(path, os.X_OK)
