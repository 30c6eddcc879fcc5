"""In: tables and cards. Out: `Cases`, and their text in the formula language. Used: by exports, and by policies with a card.

A formula may have 10,000 characters and nest 16 deep; what is larger is cut into steps of its own by `write_cases`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from weilend.formula.text import quoted
from weilend.models.card import Characteristic
from weilend.models.pairs import Pair, PairAxis

#: A part with more characters, or nested deeper, becomes a step of its own: with this, no step comes near the language's bounds.
_LONG: Final = 1_500
_DEEP: Final = 7
_PAIRS: Final = 40


class Cases(msgspec.Struct, frozen=True):
    """A CASE whose results are whole numbers, names of steps, or cases again."""

    pairs: tuple[tuple[str, Expression], ...]
    other: Expression


Expression = int | str | Cases


def write_cases(expression: Expression, add: Callable[[str], str]) -> str:
    """Return the text of an expression; `add` makes a step of a text and returns its name.

    >>> write_cases(Cases((("n IS NULL", 5),), Cases((("n <= 3", 1),), 2)), str)
    'CASE WHEN n IS NULL THEN 5 ELSE CASE WHEN n <= 3 THEN 1 ELSE 2 END END'
    """
    return _write(expression, add)[0]


def _write(expression: Expression, add: Callable[[str], str]) -> tuple[str, int]:
    if not isinstance(expression, Cases):
        return str(expression), 0
    pairs, other = expression.pairs, expression.other
    if len(pairs) > _PAIRS:
        pairs, other = pairs[:_PAIRS], Cases(pairs[_PAIRS:], other)
    written = [_write(part, add) for part in (*(result for _, result in pairs), other)]
    total = sum(len(text) for text, _ in written) + sum(len(asked) for asked, _ in pairs)
    limit = _LONG if total > _LONG * 4 else total
    parts = [(add(text), 0) if len(text) > limit or depth >= _DEEP else (text, depth) for text, depth in written]
    cases = " ".join(f"WHEN {asked} THEN {text}" for (asked, _), (text, _) in zip(pairs, parts, strict=False))
    return f"CASE {cases} ELSE {parts[-1][0]} END", 1 + max(depth for _, depth in parts)


def in_words(name: str, values: Sequence[int] | Sequence[str]) -> str:
    """Return the question whether a value is one of some.

    >>> in_words("x", ["it's"]), in_words("n", [-9, 5])
    ("x IN ('it''s')", 'n IN (-9, 5)')
    """
    return f"{name} IN ({', '.join(quoted(v) if isinstance(v, str) else str(v) for v in values)})"


def look_up(name: str, first: int, values: Sequence[int]) -> Expression:
    """Return the table of values from `first` on, halved, so that a search is short; beyond the ends the end goes on.

    >>> write_cases(look_up("n", 5, [9, 7, 7, 3]), str)
    'CASE WHEN n <= 5 THEN 9 ELSE CASE WHEN n <= 7 THEN 7 ELSE 3 END END'
    """
    steps = stairs(first, values)
    return between(name, [bound for bound, _ in steps[:-1]], [value for _, value in steps])


def stairs(first: int, values: Sequence[int]) -> list[tuple[int, int]]:
    """Return a table of values from `first` on as (up to which number, the value), one for each run of equal values.

    >>> stairs(5, [9, 7, 7, 3])
    [(5, 9), (7, 7), (8, 3)]
    """
    return [(first + at, value) for at, value in enumerate(values) if at + 1 == len(values) or values[at + 1] != value]


def between(name: str, cuts: Sequence[int], cells: Sequence[Expression]) -> Expression:
    """Return the cell of a number: cell j holds what lies above ``cuts[j - 1]`` up to ``cuts[j]``.

    >>> between("n", [4], [1, 1])
    1
    """
    if not cuts:
        return cells[0]
    half = (len(cuts) - 1) // 2
    below, above = between(name, cuts[:half], cells[: half + 1]), between(name, cuts[half + 1 :], cells[half + 1 :])
    return below if below == above else Cases(((f"{name} <= {cuts[half]}", below),), above)


def card_cases(name: str, item: Characteristic, words: Sequence[str] = ()) -> Expression:
    """Return the points of a characteristic of a card, as `Characteristic.points_of` gives them.

    A category is read as its place, or as one of `words` where these are given.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> write_cases(card_cases("x", example_card().characteristics[1]), str)[:31]
    'CASE WHEN x IS NULL THEN 0 ELSE'
    """
    codes = tuple((f"{name} = {code}", said) for code, said in zip(item.specials, item.special_points, strict=True))
    always = ((f"{name} IS NULL", item.null_points), *codes)
    if not item.levels:
        return Cases(always, between(name, item.cuts, item.points))
    return _level_cases(name, always, item.levels, item.points, words)


def axis_cases(name: str, axis: PairAxis, words: Sequence[str] = ()) -> Expression:
    """Return the group of a value on one side of a table, as `PairAxis.group_of` gives it; words as for `card_cases`.

    >>> write_cases(axis_cases("x", PairAxis(feature="age", cuts=(30,), specials=(-9,))), str)
    'CASE WHEN x IS NULL THEN 2 WHEN x = -9 THEN 2 ELSE CASE WHEN x <= 30 THEN 0 ELSE 1 END END'
    """
    always = ((f"{name} IS NULL", axis.ordinary), *((f"{name} = {code}", axis.ordinary) for code in axis.specials))
    if not axis.levels:
        return Cases(always, between(name, axis.cuts, range(axis.ordinary)))
    return _level_cases(name, always, axis.levels, range(axis.ordinary), words)


def cell_cases(row: str, column: str, pair: Pair) -> Expression:
    """Return the points of a cell by the names of steps that hold its row and its column.

    >>> cells = ((5, 0), (7, 7))
    >>> pair = Pair(first=PairAxis(feature="a"), second=PairAxis(feature="b"), points=cells, rows=cells, bads=cells)
    >>> write_cases(cell_cases("r", "c", pair), str)
    'CASE WHEN r <= 0 THEN CASE WHEN c <= 0 THEN 5 ELSE 0 END ELSE 7 END'
    """
    lines = [between(column, range(len(line) - 1), line) for line in pair.points]
    return between(row, range(len(lines) - 1), lines)


def _level_cases(
    name: str,
    always: tuple[tuple[str, Expression], ...],
    by_place: Sequence[int],
    results: Sequence[int],
    words: Sequence[str],
) -> Expression:
    """Return the result of each word's level, the last level being that of words never seen."""
    *levels, never_seen = by_place
    seen = words or range(len(levels))
    pairs = (
        (in_words(name, [one for one, level in zip(seen, levels, strict=True) if level == wanted]), results[wanted])  # type: ignore[arg-type]
        for wanted in dict.fromkeys(levels)
        if results[wanted] != results[never_seen]
    )
    return Cases((*always, *pairs), results[never_seen])
