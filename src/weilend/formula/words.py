"""In: nothing. Out: the words of the language, and what to say to any other word. Used: by the grammar and the type check."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

from weilend.core.records import FieldType


class Function(msgspec.Struct, frozen=True):
    """What a function takes and gives, and how it is written.

    >>> FUNCTIONS["mul_rate"].takes
    ('integer', 'integer')
    """

    takes: tuple[FieldType, ...]
    gives: FieldType
    usage: str


FUNCTIONS: dict[str, Function] = {
    "abs": Function(("integer",), "integer", "abs(integer)"),
    "div": Function(("integer", "integer"), "integer", "div(integer, integer)"),
    "mod": Function(("integer", "integer"), "integer", "mod(integer, integer)"),
    "mul_rate": Function(("integer", "integer"), "integer", "mul_rate(fen, ppm)"),
    "days_between": Function(("date", "date"), "integer", "days_between(from, to)"),
    "add_days": Function(("date", "integer"), "date", "add_days(date, days)"),
    "starts_with": Function(("text", "text"), "boolean", "starts_with(text, start)"),
}

#: Functions over two or more arguments of one type, and the types that they are defined for.
VARIADIC: dict[str, tuple[FieldType, ...]] = {
    "least": ("integer", "date"),
    "greatest": ("integer", "date"),
    "coalesce": ("integer", "text", "date", "boolean"),
}

KEYWORDS = ("and", "or", "not", "in", "is", "null", "true", "false", "between", "case", "when", "then", "else", "end", "date")

_TIME = "time is an input: compare two date fields"
_CHANCE = "the same row must always give the same answer"
_ROW = "a formula reads one row: make it a feature and read that"
_DIVIDE = "write div(a, b), which truncates toward zero and is NULL where b is 0"
_CAST = "there are no casts: a date is written DATE '2020-01-31', an integer 5, a text 'x'"

#: What people write out of habit, and what to write here.
FOREIGN: dict[str, str] = {
    **dict.fromkeys(("now", "today", "current_date", "current_time", "current_timestamp", "getdate", "localtime"), _TIME),
    **dict.fromkeys(("random", "rand", "uuid", "gen_random_uuid"), _CHANCE),
    **dict.fromkeys(("sum", "count", "avg", "mean", "over", "select", "exists", "all", "any", "distinct", "filter"), _ROW),
    **dict.fromkeys(("cast", "try_cast", "int", "integer", "bigint", "varchar", "to_date", "as"), _CAST),
    **dict.fromkeys(("if", "iff", "iif", "decode", "switch"), "write CASE WHEN … THEN … ELSE … END"),
    **dict.fromkeys(("ifnull", "nvl", "isnull", "notnull"), "write coalesce(a, b), or a IS NULL"),
    "nullif": "write CASE WHEN a <> b THEN a END",
    "min": "write least(a, b)",
    "max": "write greatest(a, b)",
    **dict.fromkeys(("datediff", "date_diff", "age"), "write days_between(from, to)"),
    **dict.fromkeys(("dateadd", "date_add", "interval"), "write add_days(date, days)"),
    **dict.fromkeys(("like", "ilike", "similar", "regexp", "rlike"), "write starts_with(text, 'start') or IN ('one', 'other')"),
    **dict.fromkeys(
        ("round", "floor", "ceil", "power", "sqrt", "exp", "ln", "log"), "integers only: div, mod and mul_rate round"
    ),
}

#: Operators of SQL that are not in the language, by the name of sqlglot's node, and what to write instead.
FOREIGN_OPERATORS: dict[str, str] = {
    "Div": _DIVIDE,
    "IntDiv": _DIVIDE,
    "Mod": "write mod(a, b), which has the sign of a",
    "Concat": "texts are compared, not built",
    "Tuple": "compare one value at a time",
    "Is": "IS takes NULL or NOT NULL only: for a boolean write the boolean itself",
    "Star": _ROW,
    "Dot": "a field is one plain name",
}


def nearest(word: str, known: Iterable[str], what: str) -> str:
    """Return a hint that names the known word nearest to the given one, or lists the known words where none is near.

    >>> nearest("statsu", ["status", "direction"], "fields")
    "did you mean 'status'? The fields are: direction, status"
    """
    names = sorted(known)
    listed = f"{what} are: {', '.join(names) or 'none'}"
    close = get_close_matches(word.lower(), names, n=1) or get_close_matches(word, names, n=1)
    return f"did you mean {close[0]!r}? The {listed}" if close else f"the {listed}"


def about_function(word: str) -> str:
    """Return a hint for a function that is not in the language.

    >>> about_function("now")
    'time is an input: compare two date fields'
    >>> about_function("mulrate")[:24]
    "did you mean 'mul_rate'?"
    """
    return FOREIGN.get(word.lower()) or nearest(word, (*FUNCTIONS, *VARIADIC), "functions")


def about_name(word: str, fields: Iterable[str]) -> str:
    """Return a hint for a name that is no field.

    >>> about_name("current_date", [])
    'time is an input: compare two date fields'
    """
    return FOREIGN.get(word.lower()) or nearest(word, fields, "fields")


def about_token(word: str, before: str) -> str:
    """Return a hint for a place at which the grammar came to an end.

    >>> about_token("like", "status")
    "write starts_with(text, 'start') or IN ('one', 'other')"
    """
    known = FOREIGN.get(word.lower()) or FOREIGN.get(before.lower())
    return known or "an operator, a comma or a parenthesis may be missing or too many before this place"
