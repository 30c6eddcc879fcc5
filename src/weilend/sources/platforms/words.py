"""In: `words.toml`. Out: what each platform calls its states, ways and kinds, with our word. Used: by the platforms."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from weilend.core.errors import NotFoundError


def words_of(platform: str, table: str) -> dict[str, str]:
    """Return a table of a platform: their word → ours; raises `NotFoundError` where there is none.

    >>> words_of("taobao", "statuses")["TRADE_FINISHED"]
    'completed'
    """
    tables = _load().get(platform, {})
    if table not in tables:
        raise NotFoundError(f"no words {table} of {platform}", hint=f"there is: {', '.join(tables) or 'no such platform'}")
    return tables[table]


def theirs(words: dict[str, str], ours: str) -> str | None:
    """Return their first word for one of ours, None where they have none.

    >>> theirs(words_of("jd", "statuses"), "shipped")
    'WAIT_GOODS_RECEIVE_CONFIRM'
    """
    return next((word for word, meaning in words.items() if meaning == ours), None)


@cache
def _load() -> dict[str, dict[str, dict[str, str]]]:
    text = files("weilend.sources.platforms").joinpath("words.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, dict[str, dict[str, str]]])
