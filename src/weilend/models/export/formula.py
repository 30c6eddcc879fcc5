"""In: steps. Out: their text, one formula a line, and the steps of such a text. Used: to read a model, and to carry it."""

from __future__ import annotations

from collections.abc import Sequence

from weilend.core.errors import InputError
from weilend.core.records import Field
from weilend.formula import parse
from weilend.models.export.steps import Exported, Input


def describe_inputs(exported: Exported, mark: str) -> list[str]:
    """Return what an exported model reads, a line each, behind a comment's mark.

    >>> from weilend.models.export.steps import export_card
    >>> from weilend.models.recipes.woe_card import example_card
    >>> describe_inputs(export_card(example_card()), "--")[0]
    '--   sales_fen_12m: a number'
    """
    # a name may hold a line's end, and a comment must not
    return [f"{mark}   {' '.join(each.say().split())}" for each in exported.inputs]


def write_formula(exported: Exported) -> str:
    """Return the formulas in order, ``name = formula`` a line; `points` and `pd_ppm` come last.

    >>> from weilend.models.export.steps import export_card
    >>> from weilend.models.recipes.woe_card import example_card
    >>> exported = export_card(example_card())
    >>> read_formula(write_formula(exported), exported.inputs).steps == exported.steps
    True
    """
    head = [
        f"# Model {exported.model_id}: points (higher is safer) and pd_ppm (parts per million), whole numbers.",
        "# It reads (NULL where a value is not known):",
        *describe_inputs(exported, "#"),
    ]
    reads = [f"# {each.name} stands for {' '.join(each.feature.split())}" for each in exported.inputs]
    return "\n".join([*head, *reads, *(f"{name} = {formula.text}" for name, formula in exported.steps)]) + "\n"


def read_formula(text: str, inputs: Sequence[Input]) -> Exported:
    """Return the steps of a text over some inputs, typed and proved anew; `InputError` where a line is no formula.

    >>> read_formula("points: 5", ())
    Traceback (most recent call last):
    weilend.core.errors.InputError: 'points: 5' is not a name, = and a formula. Hint: take the file from where it was exported
    """
    fields: dict[str, Field] = {each.name: each.field for each in inputs}
    steps = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, equals, written = line.partition(" = ")
        if not equals:
            raise InputError(f"{line!r} is not a name, = and a formula", hint="take the file from where it was exported")
        formula = parse(written, fields)
        steps.append((name, formula))
        fields[name] = Field(name, formula.type, lo=formula.lo, hi=formula.hi, nullable=formula.nullable)
    return Exported("", tuple(inputs), tuple(steps))
