"""In: a case. Out: constants, copies of another column, and rows that belong together and were not said to. Used: as a guard."""

from __future__ import annotations

from typing import Final

import numpy as np

from weilend.core.money import PPM
from weilend.models.guards.case import Case
from weilend.models.guards.finding import Finding
from weilend.models.guards.identity import ID_NAME
from weilend.models.table import Booleans, Floats, Integers

#: Two numbers are copies where their ranks agree this well, known and not known alike; more of the rows are not needed to see it.
SAME: Final = 0.9995
ROWS: Final = 5_000
#: A column may group rows where its values repeat, but seldom: rows a value.
FEWEST, MOST = 1.05, 20.0
#: … where this share of the other columns is the same within a value as it hardly is between values, and labels agree surely.
ALIKE: Final = 0.5
SURELY: Final = 6.0


def find_constants(case: Case) -> list[Finding]:
    """Return columns that are dropped because they have one value, or none.

    >>> from weilend.models.guards.examples import plant_constant
    >>> [(one.column, one.action) for one in find_constants(plant_constant())]
    [('country', 'dropped')]
    """
    findings = []
    for at, column in enumerate(case.columns):
        values, known = case.sample.table.values[:, at], case.sample.table.known[:, at]
        if (known.all() and values.min() == values.max()) or not known.any():
            why = "one value in every row" if known.any() else "known in no row"
            findings.append(Finding(guard="constant", column=column.name, action="dropped", why=why))
    return findings


def find_copies(case: Case) -> list[Finding]:
    """Return columns that are dropped because an earlier one ranks all rows the same way (or the opposite way).

    >>> from weilend.models.guards.examples import plant_copy
    >>> [(one.column, one.action) for one in find_copies(plant_copy())]
    [('income_again', 'dropped')]
    """
    rows = slice(0, ROWS)
    ranks = np.column_stack([
        _ranks(case.sample.table.values[rows, at], case.sample.table.known[rows, at]) for at in range(len(case.columns))
    ])  # fmt: skip
    spread = ranks.std(axis=0)
    correlation = (
        np.abs(np.corrcoef(np.where(spread > 0, ranks, np.arange(len(ranks))[:, None] % 2).T))
        if len(ranks.T) > 1
        else np.eye(1)
    )
    findings: list[Finding] = []
    dropped: set[int] = set()
    for at, column in enumerate(case.columns):
        for other in range(at):
            if other in dropped or correlation[at, other] < SAME:
                continue
            dropped.add(at)
            why = f"it ranks rows as {case.columns[other].name} does (rank correlation {correlation[at, other]:.4f})"
            figures = {"correlation_ppm": round(PPM * float(correlation[at, other]))}
            findings.append(Finding(guard="copy", column=column.name, action="dropped", why=why, figures=figures))
            break
    return findings


def find_groups(case: Case) -> list[Finding]:
    """Return columns by which rows must be grouped: few rows have one value, they share other columns and their outcome.

    >>> from weilend.models.guards.examples import plant_group
    >>> [(one.column, one.action) for one in find_groups(plant_group())]
    [('customer', 'changed')]
    """
    if len(np.unique(case.sample.group)) < 0.99 * len(case.sample):
        return []  # they are grouped already
    found = [one for at in range(len(case.columns)) if (one := _grouping(case, at)) is not None]
    if not found:
        return []
    best = max(found, key=lambda one: (bool(ID_NAME.search(one.column)), one.figures["alike_ppm"], one.figures["pairs"]))
    return [best]


def _grouping(case: Case, at: int) -> Finding | None:
    column, label = case.columns[at], case.sample.bad
    pairs = _pairs(case.sample.table.values[:, at], case.sample.table.known[:, at])
    if column.scale != 1 or column.until or pairs is None:
        return None
    alike = _alike(case, pairs, np.delete(np.arange(len(case.columns)), at))
    rate = float(label.mean())
    chance = rate * rate + (1 - rate) * (1 - rate)
    agree = float((label[pairs[0]] == label[pairs[1]]).mean())
    if alike <= ALIKE or (agree - chance) / np.sqrt(chance * (1 - chance) / len(pairs[0])) <= SURELY:
        return None
    shares = {"alike_ppm": alike, "same_outcome_ppm": agree, "by_chance_ppm": chance}
    why = (
        f"rows of one value share their other columns and, in {agree:.0%} of pairs, their outcome ({chance:.0%} by chance): "
        "they stay together when the sample is split"
    )
    figures = {"pairs": len(pairs[0])} | {name: round(PPM * share) for name, share in shares.items()}
    return Finding(guard="group", column=column.name, action="changed", why=why, figures=figures)


def find_contradictions(case: Case) -> list[Finding]:
    """Return a warning where rows of one group and one month have different outcomes.

    >>> from weilend.models.guards.examples import plant_contradiction
    >>> [one.figures["groups"] for one in find_contradictions(plant_contradiction())]
    [10]
    """
    key = np.stack([case.sample.group, case.sample.month], axis=1)
    place = np.unique(key, axis=0, return_inverse=True)[1].ravel()
    rows, bads = np.bincount(place), np.bincount(place, weights=case.sample.bad)
    mixed = int(((bads > 0) & (bads < rows)).sum())
    if not mixed:
        return []
    why = f"{mixed} groups have both a good and a bad row at one time: one loan told twice, or a group that is too wide"
    return [Finding(guard="contradiction", action="kept", why=why, figures={"groups": mixed})]


def _ranks(values: Integers, known: Booleans) -> Floats:
    """Return mean ranks, not known standing below all."""
    shown = np.where(known, values, np.iinfo(np.int64).min)
    place, counts = np.unique(shown, return_inverse=True, return_counts=True)[1:]
    return np.asarray((np.cumsum(counts) - counts / 2)[place])


def _pairs(values: Integers, known: Booleans) -> tuple[Integers, Integers] | None:
    """Return neighbouring rows of one value, where values repeat seldom enough to name somebody."""
    rows = np.flatnonzero(known)
    distinct = len(np.unique(values[rows]))
    if not distinct or not FEWEST < len(rows) / distinct < MOST:
        return None
    order = rows[np.argsort(values[rows], kind="stable")]
    same = values[order[1:]] == values[order[:-1]]
    return order[:-1][same], order[1:][same]


def _alike(case: Case, pairs: tuple[Integers, Integers], others: Integers) -> float:
    """Return the share of the other columns that agree within pairs far more often than between rows at random."""
    values = case.sample.table.values[:, others]
    within = (values[pairs[0]] == values[pairs[1]]).mean(axis=0)
    shuffled = np.random.default_rng(case.seed).permutation(len(values))
    between = (values == values[shuffled]).mean(axis=0)
    varied = between < 0.9
    return float((within[varied] > between[varied] + 0.5 * (1 - between[varied])).mean()) if varied.any() else 0.0
