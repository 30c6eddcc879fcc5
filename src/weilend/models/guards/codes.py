"""In: a case. Out: numbers that stand for something else than a number (96 and 98 "times past due"). Used: as a guard."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.models.guards.case import Case
from weilend.models.guards.finding import Finding
from weilend.models.sample import Column, Sample, show_quanta
from weilend.models.table import Integers

#: A code stands apart from all other values by more than their whole reach, and is given to this many rows or more.
LEAST_ROWS: Final = 5
#: Codes that one end may have.
MOST: Final = 4


def find_codes(case: Case) -> list[Finding]:
    """Return numbers that get a bin of their own: at one end, repeated, and further from the rest than the rest is wide.

    >>> from weilend.models.guards.examples import plant_code
    >>> [(one.column, one.action, one.figures) for one in find_codes(plant_code())]
    [('income', 'changed', {'value': 999999, 'rows': 30})]
    """
    findings = []
    for at, column in enumerate(case.columns):
        known = case.sample.table.known[:, at]
        if column.kind != "number" or not known.any():
            continue
        values, rows = np.unique(case.sample.table.values[known, at], return_counts=True)
        for value, count in (*_at_the_end(values, rows), *_at_the_end(-values[::-1], rows[::-1], -1)):
            if value not in column.specials:
                shown = show_quanta(value, column.scale)
                why = f"{shown} stands far from all other values in {count} rows: it is read as a code, not as a number"
                findings.append(
                    Finding(
                        guard="code", column=column.name, action="changed", why=why, figures={"value": value, "rows": count}
                    )
                )
    return findings


def _at_the_end(values: Integers, rows: Integers, sign: int = 1) -> list[tuple[int, int]]:
    """Return the values and rows above the widest gap, where that is wider than all below and few values stand above it."""
    if len(values) < 3:
        return []
    gaps = np.diff(values[-(MOST + 1) :])
    at = len(values) - len(gaps) + int(np.argmax(gaps))
    reach = int(values[at - 1] - values[0])
    if at < 2 or int(gaps.max()) <= 2 * reach or rows[at:].sum() < LEAST_ROWS:
        return []
    return [(sign * int(value), int(count)) for value, count in zip(values[at:], rows[at:], strict=True)]


def mark_codes(sample: Sample, findings: list[Finding]) -> Sample:
    """Return the sample in which the codes that were found are specials of their columns.

    >>> from weilend.models.guards.examples import plant_code
    >>> case = plant_code()
    >>> mark_codes(case.sample, find_codes(case)).columns[0].specials
    (999999,)
    """
    found: dict[str, list[int]] = {}
    for one in findings:
        if one.guard == "code":
            found.setdefault(one.column, []).append(one.figures["value"])
    columns = tuple(_mark(column, found.get(column.name, [])) for column in sample.columns)
    return msgspec.structs.replace(sample, columns=columns)


def _mark(column: Column, values: list[int]) -> Column:
    return msgspec.structs.replace(column, specials=tuple(sorted({*column.specials, *values}))) if values else column
