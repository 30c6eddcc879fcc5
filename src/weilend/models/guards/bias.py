"""In: a case with rejects, or with the population to be scored. Out: where the sample is not like them. Used: as a guard."""

from __future__ import annotations

import numpy as np

from weilend.core.money import PPM
from weilend.models.guards.case import Case
from weilend.models.guards.finding import Finding
from weilend.models.guards.steady import AMBER, RED
from weilend.models.guards.tenths import bin_codes, compare_codes
from weilend.models.table import Table

FEWEST = 50


def find_bias(case: Case) -> list[Finding]:
    """Return columns that are distributed otherwise among the rejects, or in the population to be scored, by more than chance.

    >>> from weilend.models.guards.examples import plant_bias
    >>> [(one.column, one.guard) for one in find_bias(plant_bias())]
    [('income', 'bias')]
    """
    findings = []
    for other, words in ((case.population, "the population to be scored"), (case.rejects, "the rejects")):
        if other is not None and len(other) >= FEWEST:
            findings += _compare(case, other, words)
    return findings


def _compare(case: Case, other: Table, words: str) -> list[Finding]:
    mine = case.sample.table
    theirs = other.select(mine.names)
    values, known = (np.concatenate([getattr(mine, part), getattr(theirs, part)]) for part in ("values", "known"))
    both = Table(mine.names, values, known, (*mine.ids, *theirs.ids))
    second = np.arange(len(both)) >= len(mine)
    found = compare_codes(*bin_codes(both, case.columns), second, seed=case.seed)
    return [
        Finding(
            guard="bias", column=column.name, action="kept",
            why=f"it differs between the sample and {words}: PSI {psi:.2f} ({_level(psi)}), chance {chance:.2f}",
            figures={"psi_ppm": round(PPM * float(psi)), "chance_psi_ppm": round(PPM * float(chance))},
        )
        for column, psi, chance in zip(case.columns, *found, strict=True)
        if psi > max(chance, AMBER)
    ]  # fmt: skip


def _level(psi: float) -> str:
    return "red" if psi > RED else "amber"
