"""In: `lexicon.toml`. Out: what words on statements mean: natures, channels, kinds of counterparties. Used: by the step classify.

Patterns are matched by Arrow on distinct texts: a table is asked as a whole first, for most texts match nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import NotFoundError
from weilend.sources.columns.cells import Mask, truth

_DIRECTIONS: Final = ("in", "out", "neutral")
_SAME = 2  # entries of a row that says the same for every direction


class Natures(msgspec.Struct, frozen=True):
    """What an entry is for, by its words: (pattern, word) or (pattern, word for in, out and neutral).

    >>> natures("bank").spell["wages"]
    '工资'
    """

    natures: tuple[tuple[str, ...], ...]
    spell: dict[str, str]

    def rows(self, texts: pa.Array) -> pa.Array:
        """Return the number of the first row that each text matches, NULL where none does."""
        return first_row(texts, tuple(row[0] for row in self.natures))

    def words(self, rows: pa.Array, directions: pa.Array) -> pa.Array:
        """Return the word of each numbered row for its direction, `unknown` without a row."""
        table = [[row[1] if len(row) == _SAME else row[1 + place] for place in range(len(_DIRECTIONS))] for row in self.natures]
        flat = pa.array([word for row in table for word in row], pa.string())
        which = pc.fill_null(pc.index_in(directions, value_set=pa.array(_DIRECTIONS, pa.string())), 0)
        at = pc.add(pc.multiply(rows, len(_DIRECTIONS)), which.cast(pa.int64()))
        return pc.fill_null(flat.take(at), "unknown")


class Channels(msgspec.Struct, frozen=True):
    """By which way money went: prefixes of names, names of carriers, words for ways.

    >>> channels().spell_prefix["alipay"]
    '支付宝'
    """

    prefix: tuple[tuple[str, str], ...]
    inner: str
    carrier: tuple[tuple[str, str], ...]
    way: tuple[tuple[str, str], ...]
    spell_prefix: dict[str, str]
    spell_way: dict[str, str]


class Parties(msgspec.Struct, frozen=True):
    """Who is on the other side, by name: (pattern, kind) or (pattern, kind, lender).

    >>> parties().by_nature["interest"]
    'bank'
    """

    kinds: tuple[tuple[str, ...], ...]
    by_nature: dict[str, str]


@cache
def natures(name: str) -> Natures:
    """Return a table of natures by name; raises `NotFoundError` where there is none.

    >>> natures("bank").words(pa.array([3, None]), pa.array(["in", "out"])).to_pylist()
    ['tax', 'unknown']
    """
    tables = _load()
    if name not in tables or "natures" not in tables[name]:
        raise NotFoundError(f"no lexicon {name!r}", hint="there is: bank, wallet, seller")
    return msgspec.convert(tables[name], Natures)


@cache
def channels() -> Channels:
    """Return the table of channels.

    >>> channels().way[0]
    ('支付宝', 'alipay')
    """
    return msgspec.convert(_load()["channels"], Channels)


@cache
def parties() -> Parties:
    """Return the table of counterparties.

    >>> parties().kinds[1]
    ('网商银行|网商贷', 'lender', 'mybank')
    """
    return msgspec.convert(_load()["parties"], Parties)


@cache
def _kept() -> re.Pattern[str]:
    words = sorted(_load()["kept"]["words"], key=len, reverse=True)
    return re.compile("|".join(re.escape(word) for word in words))


def kept_words(text: str) -> str | None:
    """Return the known words of a purpose in the order in which they stand, None where it has none; what was typed is not kept.

    >>> kept_words("付王小明7月货款 13800001111"), kept_words("王小明")
    ('货款', None)
    >>> kept_words("转入零钱通-来自工商银行(9876)")
    '转入 零钱通'
    """
    return " ".join(_kept().findall(text)) or None


def first_row(texts: pa.Array, patterns: Sequence[str]) -> pa.Array:
    """Return the number of the first pattern that each text matches, NULL where none does or the text is NULL.

    >>> first_row(pa.array(["ab", "c", None]), ("b", "a")).to_pylist()
    [0, None, None]
    """
    any_of = "|".join(f"(?:{pattern.replace('?P<cell>', '?:')})" for pattern in patterns)
    open_places = np.flatnonzero(_matches(texts, any_of))
    found = np.full(len(texts), -1, np.int64)
    for number, pattern in enumerate(patterns):
        if not len(open_places):
            break
        hit = _matches(texts.take(pa.array(open_places)), pattern)
        found[open_places[hit]] = number
        open_places = open_places[~hit]
    return pa.array(found, mask=found < 0)


@cache
def _load() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("weilend.sources.steps").joinpath("lexicon.toml").read_text(encoding="utf-8"))


def _matches(texts: pa.Array, pattern: str) -> Mask:
    return truth(pc.match_substring_regex(texts, pattern))
