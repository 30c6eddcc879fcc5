"""In: JSON from anywhere. Out: plain values in which decimals are exact, and their texts. Used: by every reader of JSON here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from weilend.core.errors import SourceError
from weilend.sources.documents.faults import Fault
from weilend.sources.files.limits import check_size

Json = Mapping[str, Any]

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def load_json(content: bytes, name: str) -> Any:
    """Return the values of a JSON text, decimals exact; raises `SourceError` where it is none.

    >>> load_json(b'{"payment": 0.10}', "a.json")
    {'payment': Decimal('0.10')}
    >>> load_json(b"{", "a.json")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.json is not JSON. Hint: export it again, and do not edit it
    """
    try:
        return _decoder.decode(check_size(content, name).removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError):
        raise SourceError(f"{name} is not JSON", hint="export it again, and do not edit it") from None


def load_object(content: bytes, name: str) -> Json:
    """Return the values of a JSON text that is an object.

    >>> load_object(b"[]", "a.json")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.json holds no JSON object. Hint: give the whole message as it came
    """
    value = load_json(content, name)
    if not isinstance(value, dict):
        raise SourceError(f"{name} holds no JSON object", hint="give the whole message as it came")
    return value


def said(row: object, *paths: str) -> str | None:
    """Return the text of the first scalar that one of some dotted paths leads to; a list or object there is a `Fault`.

    >>> said({"a": {"b": 7}, "c": ""}, "c", "a.b"), said({}, "a")
    ('7', None)
    """
    for path in paths:
        value = at(row, path)
        if isinstance(value, (dict, list)):
            raise Fault("not_of_format", path)
        if isinstance(value, bool):
            return "true" if value else "false"
        text = f"{value:f}" if isinstance(value, Decimal) and value.is_finite() else str(value if value is not None else "")
        if text.strip():
            return text.strip()
    return None


def at(row: object, path: str) -> Any:
    """Return the value at a dotted path, None where there is none.

    >>> at({"a": {"b": [1]}}, "a.b")
    [1]
    """
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def listed(row: object, *paths: str) -> list[Any]:
    """Return the list at the first of some paths that has one; a single object counts as a list of one.

    >>> listed({"orders": {"order": [1]}}, "orders.order"), listed({}, "orders")
    ([1], [])
    """
    for path in paths:
        value = at(row, path)
        if isinstance(value, list):
            return value
        if isinstance(value, dict):
            return [value]
    return []


def flag(row: object, *paths: str) -> bool | None:
    """Return a yes or no as JSON, 0/1, true/false or Y/N say it.

    >>> flag({"a": 1}, "a"), flag({"a": "false"}, "a"), flag({}, "a")
    (True, False, None)
    """
    text = said(row, *paths)
    if text is None:
        return None
    if text.lower() in ("true", "1", "y", "yes"):
        return True
    if text.lower() in ("false", "0", "n", "no"):
        return False
    raise Fault("unknown_word", paths[0])


def snake(value: Any) -> Any:
    """Return JSON values with every name in snake_case, at all depths: some platforms write both spellings.

    >>> snake({"orderInfoList": [{"skuID": 1}]})
    {'order_info_list': [{'sku_id': 1}]}
    """
    if isinstance(value, dict):
        return {_snake(str(name)): snake(inner) for name, inner in value.items()}
    return [snake(inner) for inner in value] if isinstance(value, list) else value


def everywhere(value: Any, name: str) -> Iterator[Any]:
    """Yield what stands under a name at any depth, outermost first.

    >>> list(everywhere({"a": {"orders": [1]}}, "orders"))
    [[1]]
    """
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for inner in value.values():
            yield from everywhere(inner, name)


def rows_under(value: Any, *names: str) -> list[Any]:
    """Return the rows that stand under one of some names at any depth, in a list or alone.

    >>> rows_under({"a": {"trades": {"trade": [1, 2]}}, "b": {"trade": 3}}, "trade")
    [1, 2, 3]
    """
    found = [one for name in names for one in everywhere(value, name)]
    return [row for one in found for row in (one if isinstance(one, list) else [one])]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
