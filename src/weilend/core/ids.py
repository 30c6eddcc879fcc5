"""In: plain values. Out: content hashes that are the same everywhere. Used: for record ids, receipts, models, policies, and draws
that anybody can repeat."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Any, Final

import msgspec

from weilend.core.errors import SchemaError
from weilend.core.money import PPM

_encoder = msgspec.json.Encoder(order="sorted")
_EXACT: Final = frozenset((bool, int, str, type(None)))
_NESTED: Final = frozenset((dict, list, tuple))


def canonical_json(value: Any) -> bytes:
    """Return JSON with sorted keys and no spaces. Floats are refused: their text is not the same everywhere.

    >>> canonical_json({"b": 1, "a": [None, "贷"]}).decode()
    '{"a":[null,"贷"],"b":1}'
    >>> canonical_json({"rate": 0.1})
    Traceback (most recent call last):
    weilend.core.errors.SchemaError: a float cannot be hashed at rate. Hint: give an integer in a stated unit, such as ppm
    """
    plain = msgspec.to_builtins(value, str_keys=True)
    if not _is_exact((plain,)):
        _refuse_floats(plain, "")
    return _encoder.encode(plain)


def content_hash(value: Any) -> str:
    """Return 32 hex digits (128 bits of SHA-256) of the canonical JSON of a value.

    >>> content_hash({"a": 1}) == content_hash({"a": 1}), len(content_hash([]))
    (True, 32)
    """
    return bytes_hash(canonical_json(value))


def bytes_hash(data: bytes) -> str:
    """Return 32 hex digits (128 bits of SHA-256) of bytes.

    >>> bytes_hash(b"")
    'e3b0c44298fc1c149afbf4c8996fb924'
    """
    return stream_hash((data,))


def stream_hash(parts: Iterable[bytes]) -> str:
    """Return the hash of bytes that come in parts, as `bytes_hash` of all of them together.

    >>> stream_hash((b"a", b"b")) == bytes_hash(b"ab")
    True
    """
    digest = sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:32]


def draw_ppm(salt: str, drawer_id: str) -> int:
    """Return a number from 0 to 999,999 that somebody keeps for ever under one salt, and that tells nothing of another salt's.

    The first 15 hex digits of SHA-256 over ``salt:drawer_id``, modulo a million, so that any engine can draw it.

    >>> draw_ppm("2026-11", "E1"), draw_ppm("2026-12", "E1")
    (5472, 246408)
    """
    return int(bytes_hash(f"{salt}:{drawer_id}".encode())[:15], 16) % PPM


def _is_exact(values: Collection[Any]) -> bool:
    """Return whether nothing in some values can be a float, level by level: receipts hold hundreds of numbers each."""
    kinds = set(map(type, values))
    if kinds <= _EXACT:
        return True
    if not kinds <= _EXACT | _NESTED:
        return False
    inner = (value for value in values if type(value) in _NESTED)
    return all(_is_exact(value.values() if isinstance(value, dict) else value) for value in inner)


def _refuse_floats(value: Any, path: str) -> None:
    """Raise `SchemaError` at the first float, and say where it stands."""
    if isinstance(value, float):
        raise SchemaError(
            f"a float cannot be hashed at {path or 'the top'}", hint="give an integer in a stated unit, such as ppm"
        )
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_floats(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            _refuse_floats(inner, f"{path}[{index}]")
