"""Ways in which a file comes to harm, each by a random generator."""

import json
import random
from collections.abc import Callable
from typing import Any

VALUES = (None, True, 0, -1, 1.5, 2**70, 1e400, '', 'x', '\x1b[31m', '../a', [], [1], {}, {'a': 1})


class Rewritten(bytes):
    """Another content with right checksums: nobody can tell it from what was meant."""


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Harm the bytes of a file."""
    return rng.choice(_OF_BYTES)(content, rng)


def _flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 16))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def _zeros(content: bytes, rng: random.Random) -> bytes:
    """A block that the disk lost."""
    start = rng.randrange(len(content))
    size = min(rng.choice((1, 16, 512)), len(content) - start)
    return content[:start] + bytes(size) + content[start + size :]


def _noise(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    size = min(rng.choice((1, 16, 512)), len(content) - start)
    return content[:start] + rng.randbytes(size) + content[start + size :]


def _insert(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + rng.randbytes(rng.choice((1, 4, 64))) + content[start:]


def _remove(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.choice((1, 4, 64)) :]


def _swap(content: bytes, rng: random.Random) -> bytes:
    first, middle, last = sorted(rng.randrange(len(content)) for _ in range(3))
    return content[:first] + content[middle:last] + content[first:middle] + content[last:]


def _foreign(content: bytes, rng: random.Random) -> bytes:
    return rng.choice(
        (b'', b'\0', rng.randbytes(200), b'<html>404</html>', b'PK\x03\x04', b'\x89PNG\r\n\x1a\n')
    )


_OF_BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _flip, _flip, _cut, _zeros, _noise, _insert, _remove, _swap, _foreign,
)  # fmt: skip


def damaged_json(content: bytes, rng: random.Random) -> bytes:
    """Give JSON another type, key or depth somewhere, or harm its bytes."""
    kind = rng.randrange(6)
    if kind == 0:
        return damaged(content, rng)
    if kind == 1:
        return rng.choice((b'[' * 100_000, b'{"a":' * 100_000, b'1' * 5000, b'"\xff"', b'null'))
    return json.dumps(_changed(json.loads(content), rng)).encode()


def _changed(value: Any, rng: random.Random) -> Any:
    """Replace, rename or drop one part of a nested value."""
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.2:
        return rng.choice(VALUES)
    key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
    changed = value.copy()
    if rng.random() < 0.2:
        del changed[key]
    elif isinstance(value, dict) and rng.random() < 0.2:
        changed[str(rng.choice(VALUES))] = changed.pop(key)
    else:
        changed[key] = _changed(value[key], rng)
    return changed


def damaged_text(content: bytes, rng: random.Random) -> bytes:
    """Put something into a text that its form gives a meaning to, or harm its bytes."""
    if rng.random() < 0.3:
        return damaged(content, rng)
    start = rng.randrange(len(content))
    piece = rng.choice(
        (b'\0', b'"', b'""', b',', b';', b'\n', b'\r', b'\t', b'\x1b[2J', b'../', b'\\', b'\xff',
         b'<', b'&', b'&x;', b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
         b'encoding="x"', b'.tmp-', '\u202e'.encode(), b'a' * 200_000)
    )  # fmt: skip
    return content[:start] + piece + content[start:]
