"""In: tables, trees and lists of numbers. Out: `Cases`, and their text in the formula language. Used: by `steps`.

A formula may have 10,000 characters and nest 16 deep; what is larger is cut into steps of its own by `write_cases`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from weilend.formula.text import quoted
from weilend.models.forest import Split, Tree
from weilend.models.shapes import Shape

_EVERYTHING: Final = float(2**62)
#: A part with more characters, or nested deeper, becomes a step of its own: with this, no step comes near the language's bounds.
_LONG, _DEEP, _PAIRS = 1_500, 7, 40


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


def floor_div(text: str, by: int) -> str:
    """Return the quotient rounded down; the language's own `div` cuts off towards zero.

    >>> floor_div("n", 3)
    'div(n - mod(mod(n, 3) + 3, 3), 3)'
    """
    return f"div({text} - mod(mod({text}, {by}) + {by}, {by}), {by})"


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
    stairs = [(first + at, value) for at, value in enumerate(values) if at + 1 == len(values) or values[at + 1] != value]
    return between(name, [bound for bound, _ in stairs[:-1]], [value for _, value in stairs])


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


def shape_cases(shape: Shape, names: Mapping[str, str], words: Mapping[str, Sequence[str]]) -> Expression:
    """Return a table of one feature, or of two, as cases.

    >>> import numpy as np
    >>> from weilend.models.shapes import Axis
    >>> one = Shape((Axis(feature="age", cuts=(30,), specials=(-9,)),), np.array([5, 7, 6, 8]))
    >>> write_cases(shape_cases(one, {"age": "x0"}, {"age": ()}), str)
    'CASE WHEN x0 IS NULL THEN 6 WHEN x0 = -9 THEN 8 ELSE CASE WHEN x0 <= 30 THEN 5 ELSE 7 END END'
    """
    axis, *rest = shape.axes
    cells = [shape_cases(Shape(tuple(rest), units), names, words) if rest else int(units) for units in shape.units]
    name, null = names[axis.feature], cells[axis.pieces]
    if axis.words:
        return _by_word(name, words[axis.feature], cells, null)
    codes = ((f"{name} = {code}", cells[axis.pieces + 1 + at]) for at, code in enumerate(axis.specials))
    return Cases(((f"{name} IS NULL", null), *codes), between(name, axis.cuts, cells[: axis.pieces]))


def _by_word(name: str, words: Sequence[str], cells: Sequence[Expression], null: Expression) -> Expression:
    pairs = tuple((in_words(name, [word]), cell) for word, cell in zip(words, cells, strict=False) if cell != null)
    return Cases(pairs, null) if pairs else null


def tree_cases(tree: Tree, names: Sequence[str], words: Sequence[Sequence[str]]) -> Expression:
    """Return a tree as cases over the columns of its matrix.

    >>> write_cases(tree_cases(Tree((Split(0, 1.5, None, True, -1, -2),), (5, 7)), ["x0"], [()]), str)
    'CASE WHEN coalesce(x0 <= 1, TRUE) THEN 5 ELSE 7 END'
    """

    def go(at: int) -> Expression:
        if at < 0:
            return tree.leaves[-1 - at]
        split = tree.splits[at]
        return Cases(((_question(split, names, words), go(split.left)),), go(split.right))

    return go(0 if tree.splits else -1)


def _question(split: Split, names: Sequence[str], words: Sequence[Sequence[str]]) -> str:
    name, mine = names[split.feature], words[split.feature]
    if split.words is not None:
        asked = in_words(name, [mine[word] for word in split.words] if mine else split.words)
        return f"coalesce({asked}, FALSE)"
    if abs(split.threshold) >= _EVERYTHING:  # known from not known
        return "TRUE" if split.null_left else f"{name} IS NOT NULL"
    return f"coalesce({name} <= {math.floor(split.threshold)}, {str(bool(split.null_left)).upper()})"
