"""The messages of docs/faq.md and of the table in docs/data.md are those of the package."""

import ast
import re

import pytest
from repo import DOCS, ROOT

ROW = re.compile(r'^\| `([^|]+)` \|', re.MULTILINE)
MESSAGES = ROW.findall((DOCS / 'faq.md').read_text())
OF_DATA = [
    message
    for row in re.findall(
        r'^\| (`[^|]+) \|', (DOCS / 'data.md').read_text().split('## Errors')[1], re.M
    )
    for message in re.findall(r'`([^`]+)`', row)
]
# What stands in the table for an example's names, numbers and settings.
EXAMPLES = re.compile(
    r"…|'[^']*'|\S*\d\S*|[\w./]*\.\w+\S*|[:(),;=]|"
    r'\b(val|CONFIG|RGB|cat|dog|(train|val)_dataloader|batch_size|persistent_workers|a mask)\b'
)
# Strings of the source; those side by side are one, and what an f-string inserts parts it.
STRINGS = [
    node.value
    for path in (ROOT / 'mmwsss').rglob('*.py')
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
]


def test_messages_are_found():
    assert len(MESSAGES) >= 12
    assert STRINGS


@pytest.mark.parametrize('message', MESSAGES)
def test_package_has_the_message(message):
    for part in message.split('…'):
        assert any(part.strip(' :') in string for string in STRINGS), part


@pytest.mark.parametrize('message', OF_DATA)
def test_package_has_the_message_of_the_table_of_data(message):
    parts = (part.strip(' .') for part in EXAMPLES.sub('\0', message).split('\0'))
    for part in parts:
        assert len(part.split()) < 2 or any(part in string for string in STRINGS), part
