"""The messages of docs/faq.md are those of the package."""

import ast
import re

import pytest
from repo import DOCS, ROOT

ROW = re.compile(r'^\| `([^|]+)` \|', re.MULTILINE)
MESSAGES = ROW.findall((DOCS / 'faq.md').read_text())
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
