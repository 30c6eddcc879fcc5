"""In: lines of statements. Out: the same, with what Chinese words and names on them mean. Used: by tell_statements.

The words are those of the tables' lexicon. It is asked only about texts with Chinese characters: in other languages its patterns
would find words within words (TAX in TAXI).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.sources.documents.entries import Entry
from weilend.sources.steps.lexicon import first_row, natures, parties

_HAN = r"\p{Han}"
_LENDER = 2  # place of the lender in a row of the lexicon


def with_meanings(lines: Sequence[Entry], own_names: Sequence[str]) -> list[Entry]:
    """Return lines with nature, kind of counterparty and lender where the format itself says none.

    A transfer to or from one of `own_names` is the business's own.

    >>> from datetime import date
    >>> told = {"amount_fen": 1, "direction": "in", "booked_on": date(2020, 1, 1)}
    >>> rows = [Entry(**told, text="结息"), Entry(**told, party="甲"), Entry(**told, party="重庆某某小额贷款有限公司")]
    >>> [(row.nature, row.party_kind) for row in with_meanings(rows, ["甲"])]
    [('interest', 'bank'), ('transfer', 'own'), ('loan', 'lender')]
    """
    if not lines:
        return []
    texts, names = (_chinese([getattr(line, field) for line in lines]) for field in ("text", "party"))
    table = natures("bank")
    rows = pc.coalesce(table.rows(texts), table.rows(names))
    words = table.words(rows, pa.array([line.direction for line in lines])).to_pylist()
    kinds = parties().kinds
    named = first_row(names, tuple(row[0] for row in kinds)).to_pylist()
    own = set(own_names)
    return [
        _told(line, word, None if row is None else kinds[row], own) for line, word, row in zip(lines, words, named, strict=True)
    ]


def _told(line: Entry, nature: str, kind: tuple[str, ...] | None, own: set[str]) -> Entry:
    if line.party and line.party in own:
        return msgspec.structs.replace(line, nature=_first(line.nature, "transfer"), party_kind="own")
    meant = _first(line.nature, nature)
    unnamed = "unknown" if line.party else parties().by_nature.get(meant, "unknown")
    party_kind = _first(line.party_kind, kind[1] if kind else unnamed)
    lender = kind[_LENDER] if kind and len(kind) > _LENDER else None
    return msgspec.structs.replace(line, nature=meant, party_kind=party_kind, lender=lender)


def _first(said: str, found: str) -> str:
    return found if said == "unknown" else said


def _chinese(texts: Sequence[str | None]) -> pa.Array:
    """Return the texts that hold a Chinese character, NULL for the others."""
    column = pa.array(texts, pa.string())
    chinese = pc.fill_null(pc.match_substring_regex(column, _HAN), fill_value=False)
    return pc.if_else(chinese, column, pa.scalar(None, pa.string()))
