"""In: a model and its export. Out: rows that reach every corner of it, with the model's own scores. Used: to prove an export.

The rows are made, not real: every edge that the export compares a number with, and the number after it; every word, and one that
was never seen; codes, extremes, and not known. What is expected of them is asked of the model itself, never of the export.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

import msgspec
import numpy as np

from weilend.formula.tree import Node
from weilend.models.card import Card
from weilend.models.export.steps import WIDEST, Exported, Input
from weilend.models.pairs import Pair
from weilend.models.prediction import Model
from weilend.models.sample import Column
from weilend.models.table import Table

ROWS: Final = 300
SEED: Final = 7
#: How often a value is left out.
NULLS: Final = 0.1
NEVER_SEEN: Final = "(a word never seen)"

Cell = int | str | None


class Proof(msgspec.Struct, frozen=True):
    """Rows by feature, and the points and PD (ppm) that the model gives them.

    >>> Proof(("x",), ((1,), (None,)), (600, 580), (19_608, 38_462)).columns()
    {'x': [1, None]}
    """

    features: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    points: tuple[int, ...]
    pd_ppm: tuple[int, ...]

    def columns(self) -> dict[str, list[Cell]]:
        """Return the rows as columns."""
        return {name: [row[at] for row in self.rows] for at, name in enumerate(self.features)}


def draw_proof(model: Model, exported: Exported, columns: Sequence[Column] = (), *, rows: int = ROWS) -> Proof:
    """Return some hundred rows with what the model says of them; `columns` are those of a model of a flat table.

    >>> from weilend.models.export.steps import export_card
    >>> from weilend.models.recipes.woe_card import example_card
    >>> proof = draw_proof(example_card(), export_card(example_card()))
    >>> len(proof.rows), proof == draw_proof(example_card(), export_card(example_card()))
    (300, True)
    """
    dice = np.random.default_rng(SEED)
    words = {column.name: column.words for column in columns}
    edges = [_edges(exported, each, words.get(each.feature, ())) for each in exported.inputs]
    drawn = [_draw(of, rows, dice) for of in edges]
    features = tuple(each.feature for each in exported.inputs)
    if isinstance(model, Card):
        _meet_cells(model.pairs, features, edges, drawn, words)
    rows = len(drawn[0]) if drawn else rows
    cells = tuple(zip(*drawn, strict=True)) if drawn else ((),) * rows
    said = model.predict(_table(features, drawn, words, rows))
    return Proof(features, cells, tuple(said.points.tolist()), tuple(said.pd_ppm.tolist()))


def find_differences(exported: Exported, proof: Proof) -> int:
    """Return how many rows the export, run as formulas, scores otherwise than the model: none, or it must not be given out.

    >>> from weilend.models.export.steps import export_card
    >>> from weilend.models.recipes.woe_card import example_card
    >>> exported = export_card(example_card())
    >>> find_differences(exported, draw_proof(example_card(), exported))
    0
    """
    names = [each.name for each in exported.inputs]
    steps = [(name, formula.python()) for name, formula in exported.steps]
    wrong = 0
    for row, *expected in zip(proof.rows, proof.points, proof.pd_ppm, strict=True):
        scope: dict[str, Any] = dict(zip(names, row, strict=True))
        for name, compute in steps:
            scope[name] = compute(scope)
        wrong += [scope["points"], scope["pd_ppm"]] != expected
    return wrong


def _edges(exported: Exported, each: Input, words: Sequence[str]) -> list[Cell]:
    """Return what a feature may be, so that each side of each edge is met."""
    if each.field.type == "text":
        return [*words, NEVER_SEEN]
    mine = _reading_alone(exported, each.name)
    found = {value for _, formula in exported.steps for value in _compared(formula.root, mine)}
    return [*sorted({one + step for one in found for step in (0, 1)} | {0, -1}), -WIDEST, WIDEST]


def _reading_alone(exported: Exported, name: str) -> frozenset[str]:
    """Return the names that stand for an input: its own, and those of steps that read nothing else."""
    mine = {name}
    for step, formula in exported.steps:
        if formula.names and formula.names <= mine:
            mine.add(step)
    return frozenset(mine)


def _compared(root: Node, names: frozenset[str]) -> Iterator[int]:
    for node in root.walk():
        if node.op in ("<", "<=", ">", ">=", "=", "in") and node.args[0].op == "field" and node.args[0].value in names:
            yield from (arg.value for arg in node.args[1:] if isinstance(arg.value, int))


def _draw(values: Sequence[Cell], rows: int, dice: np.random.Generator) -> list[Cell]:
    """Return each value at least once where there is room, in chance order, some of them left out."""
    places = np.resize(dice.permutation(len(values)), rows)
    left_out = dice.random(rows) < NULLS
    return [None if gone else values[place] for place, gone in zip(dice.permutation(places).tolist(), left_out, strict=True)]


def _meet_cells(
    pairs: Sequence[Pair],
    features: Sequence[str],
    edges: Sequence[list[Cell]],
    drawn: Sequence[list[Cell]],
    words: Mapping[str, Sequence[str]],
) -> None:
    """Add a row for each cell of each table of two columns: rows drawn by chance meet seldom ones too seldom."""  # fmt: skip
    for pair in pairs:
        places = [features.index(axis.feature) for axis in pair.axes]
        reached = [
            {axis.group_of(_code(cell, words.get(axis.feature, ()))): cell for cell in (None, *edges[place])}
            for axis, place in zip(pair.axes, places, strict=True)
        ]
        for cells in product(*(by_group.values() for by_group in reached)):
            row = len(drawn[0])
            for column in drawn:
                column.append(column[row % ROWS])
            for place, cell in zip(places, cells, strict=True):
                drawn[place][-1] = cell


def _code(cell: Cell, words: Sequence[str]) -> int | None:
    """Return a cell as the model reads it: a word by its place, one that was never seen behind the last."""
    if isinstance(cell, str):
        return words.index(cell) if cell in words else len(words)
    return cell


def _table(features: tuple[str, ...], drawn: Sequence[list[Cell]], words: Mapping[str, Sequence[str]], rows: int) -> Table:
    """Return the rows as the model reads them."""
    values = [[_code(cell, words.get(name, ())) or 0 for cell in column] for name, column in zip(features, drawn, strict=True)]
    known = [[cell is not None for cell in column] for column in drawn]
    shape = (len(features), rows)
    return Table(
        features, np.array(values, dtype=np.int64).reshape(shape).T, np.array(known, dtype=np.bool_).reshape(shape).T,
        tuple(map(str, range(rows))),
    )  # fmt: skip
