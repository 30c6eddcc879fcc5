"""In: the header of a table that no source knows. Out: what to ask of its columns, and guesses. Used: by `weilend source new`.

The questions are data, `questions.toml`. A guess goes by what other profiles call a fact, then by words in the name of a column; it
is a default that somebody confirms.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from weilend.sources.files.headers import plain
from weilend.sources.profile import PROFILES


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that a column may be: how it is asked for, of which sort of table, with which sign rules, and what names of it say.

    `says` is how its cells are read, as a profile writes it.

    >>> QUESTIONS[0].fact, QUESTIONS[0].needed
    ('day', True)
    """

    fact: str
    asked: str
    like: str
    needed: bool = False
    signs: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    says: dict[str, Any] = msgspec.field(default_factory=lambda: {"blank": True})


_TABLE: Final = tomllib.loads(files("weilend.sources").joinpath("questions.toml").read_text(encoding="utf-8"))
QUESTIONS: Final = msgspec.convert(_TABLE["question"], tuple[Question, ...])
#: Sign rules, and the facts that a table of each has.
SIGNS: Final[Mapping[str, Sequence[str]]] = _TABLE["signs"]
_SORTS: Final[Mapping[str, Sequence[str]]] = _TABLE["sorts"]


def questions_of(like: str, sign: str) -> tuple[Question, ...]:
    """Return what is asked of a table like a template, with a sign rule.

    >>> [question.fact for question in questions_of("bank", "split")][:4]
    ['day', 'time', 'in_fen', 'out_fen']
    """
    return tuple(one for one in QUESTIONS if like in _SORTS[one.like] and (not one.signs or sign in one.signs))


def signs_of(like: str) -> tuple[str, ...]:
    """Return the sign rules that a table like a template may have, none where its amounts have two columns by nature.

    >>> signs_of("bank"), signs_of("vouchers")
    (('split', 'flagged', 'signed', 'charged'), ())
    """
    return tuple(SIGNS) if like in _SORTS["flows"] else ()


def guess(names: Sequence[str], question: Question, taken: Sequence[str] = ()) -> str:
    """Return the column that a question is probably about, of those that are not taken; "" where no name says so.

    >>> guess(("交易日", "金额", "余额"), QUESTIONS[0]), guess(("哪天", "多少"), QUESTIONS[0])
    ('交易日', '')
    """
    free = [name for name in names if name not in taken]
    known = [name for name in free if plain(name) in names_of(question.fact)]
    said = [name for word in question.words for name in free if plain(word) in plain(name)]
    return next(iter([*known, *said]), "")


def guess_sign(names: Sequence[str]) -> str:
    """Return the sign rule that the names of a header speak for.

    >>> guess_sign(("日期", "收入", "支出")), guess_sign(("日期", "金额"))
    ('split', 'signed')
    """
    asked = {question.fact: question for question in QUESTIONS}
    found = (sign for sign, facts in SIGNS.items() if all(guess(names, asked[fact]) for fact in facts))
    return next(found, "signed")


def direction_says(cells: Sequence[str], like: str) -> dict[str, Any]:
    """Return how words of a direction are read, and written as the file writes them.

    >>> direction_says(["借", "贷"], "bank")["spell"]
    {'in': '贷', 'out': '借'}
    """
    known, spelled = _TABLE["direction"]["words"], _TABLE["direction"]["spell"]
    patterns = {word: f"(?i){known[word]}" for word in known if word != "neutral" or like in _SORTS["bills"]}
    spell = {word: next(iter(_matching(cells, pattern)), spelled[word]) for word, pattern in patterns.items()}
    return {"convert": "pattern", "words": {pattern: word for word, pattern in patterns.items()}, "spell": spell}


def names_of(fact: str) -> frozenset[str]:
    """Return every name under which a profile knows a fact, plain.

    >>> "记账日期" in names_of("day")
    True
    """
    return _names()[fact]


@cache
def _names() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {question.fact: set() for question in QUESTIONS}
    columns = [column for name in PROFILES for layout in PROFILES[name].layouts for column in layout.columns]
    for column in columns:
        found.setdefault(column.fact, set()).update(map(plain, column.names))
    return {fact: frozenset(names) for fact, names in found.items()}


def _matching(cells: Sequence[str], pattern: str) -> list[str]:
    return [cell for cell in cells if re.search(pattern, cell)]
