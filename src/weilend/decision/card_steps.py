"""In: a scorecard. Out: steps: points of each feature, their total, the PD, what is outside. Used: by the compiler.

The card reads raw values, as `models.score` does, and gives the same integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from weilend.decision.scope import Scope
from weilend.decision.trees import choose, literal
from weilend.formula.tree import Node
from weilend.models import Card
from weilend.models.card import Characteristic
from weilend.models.cases import Expression, axis_cases, card_cases, cell_cases, stairs, write_cases
from weilend.models.pairs import Pair

#: Terms of a sum in one formula; the language takes 64.
_TERMS: Final = 50


def add_card(scope: Scope, card: Card) -> None:
    """Add ``card_<feature>`` and ``outside_<feature>`` for each feature, ``card_pair_<n>`` for each table of two, and the whole.

    That is ``given_points``, ``given_pd_ppm`` and ``given_outside_count``: inputs of a program without a card.
    """
    for item in card.characteristics:
        name = item.feature.name
        scope.give(f"given_{name}", item.feature.as_field())
        _let(scope, f"card_{name}", card_cases(f"given_{name}", item), name)
        scope.let(f"outside_{name}", _outside_text(item), f"card, {name!r}")
    for at, pair in enumerate(card.pairs):
        _add_pair(scope, at, pair)
    names = [item.feature.name for item in card.characteristics]
    parts = [*(f"card_{name}" for name in names), *pair_steps(card)]
    scope.let("given_points", _sum(scope, str(card.base_points), parts), "card, total")
    counted = [f"CASE WHEN outside_{name} THEN 1 ELSE 0 END" for name in names]
    scope.let("given_outside_count", _sum(scope, "0", counted), "card, outside")
    scope.let("given_pd_ppm", table_tree(scope.node("given_points"), card.lowest_points, card.pd_ppm), "card, PD")


def pair_steps(card: Card) -> list[str]:
    """Return the names of the steps that hold the points of a card's tables of two columns, in their order.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> pair_steps(example_card())
    []
    """
    return [f"card_pair_{at}" for at in range(len(card.pairs))]


def table_tree(subject: Node, first: int, values: Sequence[int]) -> Node:
    """Return the CASE that looks up ``values[subject - first]`` by halves; beyond the ends it holds the value at the end.

    >>> from weilend.decision.trees import as_formula, read
    >>> from weilend.core.records import Field
    >>> points = read(Field("points", "integer", 5, 8, nullable=False))
    >>> as_formula(table_tree(points, 5, (90, 70, 70, 30))).text
    'CASE WHEN points <= 5 THEN 90 ELSE CASE WHEN points <= 7 THEN 70 ELSE 30 END END'
    """
    return _halved(subject, stairs(first, values))


def _halved(subject: Node, steps: Sequence[tuple[int, int]]) -> Node:
    if len(steps) == 1:
        return literal(steps[0][1])
    half = len(steps) // 2
    bound = literal(steps[half - 1][0])
    below = Node("<=", (subject, bound), nullable=subject.nullable)
    return choose([(below, _halved(subject, steps[:half]))], _halved(subject, steps[half:]))


def _let(scope: Scope, name: str, cases: Expression, of: str) -> None:
    """Add a step of cases, the same that an exported card has; a long one in parts."""

    def add(text: str) -> str:
        part = f"card_part_{len(scope.steps)}"
        scope.let(part, text, f"card, {of!r}")
        return part

    scope.let(name, write_cases(cases, add), f"card, {of!r}")


def _add_pair(scope: Scope, at: int, pair: Pair) -> None:
    """Add the row, the column and the points of a table of two columns."""
    for side, axis in zip(("row", "column"), pair.axes, strict=True):
        _let(scope, f"card_{side}_{at}", axis_cases(f"given_{axis.feature}", axis), pair.name)
    _let(scope, f"card_pair_{at}", cell_cases(f"card_row_{at}", f"card_column_{at}", pair), pair.name)


def _outside_text(item: Characteristic) -> str:
    """Ask whether a value is unlike any that the card has seen; NULL where it is not known, as it was for some then."""
    value = f"given_{item.feature.name}"
    beyond = f"NOT {value} BETWEEN {item.seen_lo} AND {item.seen_hi}"
    return f"coalesce({beyond}, TRUE)" if item.null_rows == 0 else beyond


def _sum(scope: Scope, first: str, terms: Sequence[str]) -> str:
    """Return the text of a sum; a long one is added up in parts, each a step of its own."""
    total = first
    for at in range(0, len(terms), _TERMS):
        text = " + ".join((total, *terms[at : at + _TERMS]))
        if at + _TERMS >= len(terms):
            return text
        name = f"card_sum_{len(scope.steps)}"
        scope.let(name, text, "card, total")
        total = name
    return total
