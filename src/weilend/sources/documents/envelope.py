"""In: rows of our own documented JSON. Out: the file that holds them, and back. Used: by returns, certificates and neutral
records.

Such a file is `{"format": "weilend.NAME", "version": 1, "rows": [...]}`, one object a row; docs/sources has the rows of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from weilend.core.errors import SourceError
from weilend.sources.documents.jsons import Json, load_object

VERSION: Final = 1


def open_envelope(content: bytes, name: str, file: str) -> list[Any]:
    """Return the rows of a file of ours; raises `SourceError` for another format or a version that is not known yet.

    >>> open_envelope(seal_envelope("vat_return", [{"tax": "vat"}]), "vat_return", "a.json")
    [{'tax': 'vat'}]
    >>> open_envelope(b'{"format": "weilend.vat_return", "version": 9, "rows": []}', "vat_return", "a.json")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.json is version 9 of weilend.vat_return. Hint: this release reads version 1
    """
    message = load_object(content, file)
    if message.get("format") != f"weilend.{name}" or not isinstance(message.get("rows"), list):
        hint = f'it begins with {{"format": "weilend.{name}", "version": {VERSION}, "rows": ['
        raise SourceError(f"{file} is no {name} file", hint=hint)
    if message.get("version") != VERSION:
        hint = f"this release reads version {VERSION}"
        raise SourceError(f"{file} is version {message.get('version')} of weilend.{name}", hint=hint)
    rows: list[Any] = message["rows"]
    return rows


def seal_envelope(name: str, rows: Iterable[Json]) -> bytes:
    """Return the file that holds rows, one a line.

    >>> seal_envelope("vat_return", []).decode()
    '{"format":"weilend.vat_return","version":1,"rows":[\\n\\n]}\\n'
    """
    lines = ",\n".join(msgspec.json.encode(row).decode() for row in rows)
    return f'{{"format":"weilend.{name}","version":{VERSION},"rows":[\n{lines}\n]}}\n'.encode()


def names_format(head: bytes, name: str) -> bool:
    """Return whether the first bytes of a file name a format of ours.

    >>> names_format(b'{ "format" : "weilend.vat_return"', "vat_return")
    True
    """
    return re.search(rb'"format"\s*:\s*"weilend\.' + re.escape(name.encode()) + rb'"', head[:4096]) is not None
