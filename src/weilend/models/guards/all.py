"""In: a sample. Out: the columns that may be learned from, and all findings. Used: before every training on a flat table.

Unattended: it decides and says so. Findings of one column are all kept; the first that drops it decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from weilend.core.errors import InputError
from weilend.models.guards.bias import find_bias
from weilend.models.guards.case import Case
from weilend.models.guards.codes import find_codes, mark_codes
from weilend.models.guards.cohorts import find_censored, find_undated
from weilend.models.guards.finding import Finding
from weilend.models.guards.identity import find_ids, find_order
from weilend.models.guards.presence import find_presence, find_pure
from weilend.models.guards.repeats import find_constants, find_contradictions, find_copies, find_groups
from weilend.models.guards.steady import find_drift, find_turning
from weilend.models.guards.too_good import find_too_good

Guard = Callable[[Case], list[Finding]]
#: In the order in which they look; a column that one has dropped is not looked at by the next row of guards.
GUARDS: Final[tuple[tuple[Guard, ...], ...]] = (
    (find_constants, find_ids),
    (find_groups, find_codes, find_copies),
    (find_pure, find_presence, find_turning, find_too_good),
    (find_drift, find_order, find_contradictions, find_undated, find_censored, find_bias),
)


def guard_sample(case: Case) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Return the columns that are left, and all findings. Raises `InputError` where no column is left.

    >>> from weilend.models.guards.examples import plant_leak
    >>> left, findings = guard_sample(plant_leak())
    >>> "leak" in left, sorted({one.column for one in findings if one.action == "dropped"})
    (False, ['leak'])
    """
    findings: list[Finding] = []
    for row in GUARDS:
        found = [one for guard in row for one in guard(case)]
        findings += found
        gone = {one.column for one in found if one.action == "dropped"} | {one.column for one in found if one.guard == "group"}
        case = _without(case, gone, found)
    return case.sample.table.names, tuple(findings)


def _without(case: Case, gone: set[str], found: list[Finding]) -> Case:
    names = [name for name in case.sample.table.names if name not in gone]
    if not names:
        raise InputError("no column is left after the guards", hint="look at the findings; bring inputs known at application")
    columns = tuple(column for column in case.columns if column.name not in gone)
    sample = mark_codes(msgspec.structs.replace(case.sample, table=case.sample.table.select(names), columns=columns), found)
    return case.on(sample)
