"""In: a card, or a boosted model that is not too large. Out: `Exported`, steps as formulas. Used: by SQL and Python.

Each step is a formula over the inputs and the steps before it; `points` and `pd_ppm` are the last that count. Everything is
whole numbers, so what is exported equals the model to the bit in every engine; the formula language proves that nothing overflows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from weilend.core.errors import CheckError, InputError
from weilend.core.records import Field
from weilend.formula import Formula, parse
from weilend.models.boosted import LEAST_POINTS, MOST_POINTS, BoostedModel
from weilend.models.card import Card
from weilend.models.cases import Expression, axis_cases, between, card_cases, cell_cases, in_words, look_up, write_cases
from weilend.models.curve import FINE, LIMIT, Curve
from weilend.models.encoding import Slot
from weilend.models.export.pieces import floor_div, shape_cases, tree_cases
from weilend.models.pairs import Pair
from weilend.models.sample import Column
from weilend.models.shapes import Shapes, draw_shapes

#: Terms of a sum in one formula; the language takes 64.
TERMS: Final = 32
#: Trees with more leaves than this together stay where they are: a database would read a text of megabytes for each query.
MOST_LEAVES: Final = 4_000
#: Values of inputs lie within these: any number of fen, and far from where a comparison could overflow.
WIDEST: Final = 2**62


class Input(msgspec.Struct, frozen=True):
    """What an exported model reads: `name` in the formulas stands for the column `feature` of a table.

    A number is given in quanta: `scale` of them are one.

    >>> Input("model_x0", "income", Field("model_x0", "integer"), 100).say()
    'income: a number times 100, rounded to a whole number'
    """

    name: str
    feature: str
    field: Field
    scale: int = 1

    def say(self) -> str:
        """Return in one line what has to be given."""
        if self.field.type == "text":
            return f"{self.feature}: a word"
        what = self.field.about or "a number"
        return f"{self.feature}: {what}" + (f" times {self.scale}, rounded to a whole number" if self.scale > 1 else "")


class Exported(msgspec.Struct, frozen=True):
    """A model as steps, in order; `inputs` in quanta as whole numbers, categories as their words.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> [name for name, _ in export_card(example_card()).steps if "part" not in name]
    ['model_points_0', 'model_points_1', 'points', 'pd_ppm']
    """

    model_id: str
    inputs: tuple[Input, ...]
    steps: tuple[tuple[str, Formula], ...]


class _Writer:
    """Collects steps, each typed over what stands before it."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = {field.name: field for field in fields}
        self.steps: list[tuple[str, Formula]] = []

    def add(self, name: str, text: str) -> str:
        formula = parse(text, self.fields)
        self.steps.append((name, formula))
        self.fields[name] = Field(name, formula.type, lo=formula.lo, hi=formula.hi, nullable=formula.nullable)
        return name

    def choose(self, name: str, expression: Expression) -> str:
        """Add cases, and before them the parts of them that are too large for one formula."""
        return self.add(name, write_cases(expression, lambda text: self.add(f"{name}_part_{len(self.steps)}", text)))

    def sum(self, name: str, first: str, terms: Sequence[str]) -> str:
        """Add the sum of some terms; a long one in parts, each a step of its own."""
        parts = [list(terms[at : at + TERMS]) for at in range(0, len(terms), TERMS)]
        if len(parts) > 1:
            names = [self.sum(f"{name}_{at}", "0", part) for at, part in enumerate(parts)]
            return self.sum(name, first, names)
        return self.add(name, " + ".join([first, *(parts[0] if parts else [])]))

    def finish(self, model_id: str, inputs: Sequence[Input]) -> Exported:
        return Exported(model_id, tuple(inputs), tuple(self.steps))


def export_card(card: Card) -> Exported:
    """Return a scorecard as steps: the points of each feature, of each table of two, their sum, the PD.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> len(export_card(example_card()).inputs)
    2
    """
    columns = [item.feature if isinstance(item.feature, Column) else None for item in card.characteristics]
    inputs = [
        _input(f"model_x{at}", item.feature.name, column)
        for at, (item, column) in enumerate(zip(card.characteristics, columns, strict=True))
    ]
    writer = _Writer([each.field for each in inputs])
    names = [
        writer.choose(f"model_points_{at}", card_cases(f"model_x{at}", item, column.words if column else ()))
        for at, (item, column) in enumerate(zip(card.characteristics, columns, strict=True))
    ]
    inside = {
        item.feature.name: (each.name, column) for item, each, column in zip(card.characteristics, inputs, columns, strict=True)
    }
    names += [_add_pair(writer, at, pair, inside) for at, pair in enumerate(card.pairs)]
    writer.sum("points", str(card.base_points), names)
    writer.choose("pd_ppm", look_up("points", card.lowest_points, card.pd_ppm))
    return writer.finish(card.model_id, inputs)


def _add_pair(writer: _Writer, at: int, pair: Pair, inside: Mapping[str, tuple[str, Column | None]]) -> str:
    """Add a table of two columns: its row, its column, the points of the cell; return the name of the last."""
    sides = []
    for side, axis in zip(("row", "column"), pair.axes, strict=True):
        name, column = inside[axis.feature]
        sides.append(writer.choose(f"model_{side}_{at}", axis_cases(name, axis, column.words if column else ())))
    return writer.choose(f"model_pair_{at}", cell_cases(sides[0], sides[1], pair))


def export_boosted(model: BoostedModel) -> Exported:
    """Return a boosted model as steps: tables where it is additive, else trees; then the curve and the PD.

    Raises `InputError` where its trees have more than `MOST_LEAVES` leaves and no path keeps to two features.

    >>> from weilend.models.recipes.additive_boosting import example_model
    >>> [name for name, _ in export_boosted(example_model()).steps if "part" not in name][-4:]
    ['model_fine_0', 'model_fine', 'points', 'pd_ppm']
    """
    features = dict.fromkeys(slot.feature for slot in model.slots)
    columns = {column.name: column for column in model.columns}
    inputs = [_input(f"model_x{at}", feature, columns[feature]) for at, feature in enumerate(features)]
    names = {each.feature: each.name for each in inputs}
    writer = _Writer([each.field for each in inputs])
    try:
        _add_shapes(writer, draw_shapes(model.forest, model.slots, model.columns), names, columns)
    except CheckError:
        _add_trees(writer, model, names, columns)
    _add_curve(writer, model.curve)
    writer.choose("pd_ppm", look_up("points", LEAST_POINTS, model.pd_ppm))
    return writer.finish(model.model_id, inputs)


def _input(name: str, feature: str, column: Column | None) -> Input:
    """Return the input of a column of a flat table, or (None) of a feature of the book, which is a number."""
    if column is None:
        return Input(name, feature, Field(name, "integer", lo=-WIDEST, hi=WIDEST))
    about = f"days from {column.name} to {column.until}" if column.until else ""
    if column.kind == "category":
        return Input(name, feature, Field(name, "text"))
    return Input(name, feature, Field(name, "integer", lo=-WIDEST, hi=WIDEST, about=about), column.scale)


def _add_shapes(writer: _Writer, shapes: Shapes, names: Mapping[str, str], columns: Mapping[str, Column]) -> None:
    words = {feature: column.words for feature, column in columns.items()}
    terms = [writer.choose(f"model_table_{at}", shape_cases(shape, names, words)) for at, shape in enumerate(shapes.shapes)]
    writer.sum("model_margin", str(shapes.constant), terms)


def _add_trees(writer: _Writer, model: BoostedModel, names: Mapping[str, str], columns: Mapping[str, Column]) -> None:
    trees = model.forest.trees()
    leaves = sum(len(tree.leaves) for tree in trees)
    if leaves > MOST_LEAVES:
        raise InputError(
            f"the trees have {leaves:,} leaves, and at most {MOST_LEAVES:,} are written out",
            hint="export an additive model or a card, or serve this one by its own file",
        )
    for slot in model.slots:
        if slot.kind != "category":
            writer.add(f"model_column_{slot.name}", _slot_text(slot, names[slot.feature]))
    asked = [names[s.feature] if s.kind == "category" else f"model_column_{s.name}" for s in model.slots]
    words = [columns[s.feature].words for s in model.slots]
    terms = [writer.choose(f"model_tree_{at}", tree_cases(tree, asked, words)) for at, tree in enumerate(trees)]
    writer.sum("model_margin", "0", terms)


def _slot_text(slot: Slot, name: str) -> str:
    """Return the column of the matrix that a number makes: without its codes, or which code it is."""
    if slot.kind == "special":
        codes = "".join(f" WHEN {name} = {code} THEN {at}" for at, code in enumerate(slot.specials, 1))
        return f"CASE{codes} ELSE 0 END"
    filled = name if slot.fill is None else f"coalesce({name}, {slot.fill})"
    if not slot.specials:
        return filled
    instead = "" if slot.fill is None else f" ELSE {slot.fill}"
    return f"CASE WHEN {name} IS NULL OR NOT {in_words(name, slot.specials)} THEN {filled}{instead} END"


def _add_curve(writer: _Writer, curve: Curve) -> None:
    margin = f"least(greatest(model_margin, {-LIMIT}), {LIMIT})"
    writer.add("model_clipped", margin)
    pieces = []
    for at in range(len(curve.at) - 1):
        rise, run = curve.fine[at + 1] - curve.fine[at], curve.at[at + 1] - curve.at[at]
        pieces.append(f"{curve.fine[at]} + " + floor_div(f"(model_clipped - ({curve.at[at]})) * ({rise})", run))
    steps = [writer.add(f"model_fine_{at}", piece) for at, piece in enumerate(pieces)]
    writer.choose("model_fine", between("model_clipped", [end - 1 for end in curve.at[1:-1]], steps))
    rounded = floor_div(f"(model_fine + {FINE // 2})", FINE)
    writer.add("points", f"least(greatest({rounded}, {LEAST_POINTS}), {MOST_POINTS})")
