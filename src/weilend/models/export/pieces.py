"""In: tables and trees of boosted models. Out: `Cases`. Used: by `steps`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from weilend.models.cases import Cases, Expression, between, in_words
from weilend.models.forest import Split, Tree
from weilend.models.shapes import Shape

_EVERYTHING: Final = float(2**62)


def floor_div(text: str, by: int) -> str:
    """Return the quotient rounded down; the language's own `div` cuts off towards zero.

    >>> floor_div("n", 3)
    'div(n - mod(mod(n, 3) + 3, 3), 3)'
    """
    return f"div({text} - mod(mod({text}, {by}) + {by}, {by}), {by})"


def shape_cases(shape: Shape, names: Mapping[str, str], words: Mapping[str, Sequence[str]]) -> Expression:
    """Return a table of one feature, or of two, as cases.

    >>> import numpy as np
    >>> from weilend.models.shapes import Axis
    >>> one = Shape((Axis(feature="age", cuts=(30,), specials=(-9,)),), np.array([5, 7, 6, 8]))
    >>> from weilend.models.cases import write_cases
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

    >>> from weilend.models.cases import write_cases
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
