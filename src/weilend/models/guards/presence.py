"""In: a case. Out: columns whose being known, or one of whose values, depends on the outcome. Used: as a guard."""

from __future__ import annotations

from typing import Final

import numpy as np

from weilend.core.money import PPM
from weilend.models.guards.case import Case
from weilend.models.guards.finding import Finding
from weilend.models.guards.tenths import bin_codes
from weilend.models.guards.words import afterwards_word
from weilend.models.table import Integers

#: Known for this much more (or less) of the bads than of the goods: told; and dropped where one side then holds one outcome only.
TOLD, NAMED = 0.25, 0.10
#: A value is pure where its bad rate is above this for sure (Wilson's lower bound), and it holds this share of all bads.
PURE, SHARE_OF_BADS = 0.85, 0.20
LEAST_BADS: Final = 10
FEWEST, MOST = 10, 40  # parts of a number's values, about a hundred rows in each
Z: Final = 1.96


def find_presence(case: Case) -> list[Finding]:
    """Return columns that are dropped because outcomes decide whether they are known, or kept with a warning.

    >>> from weilend.models.guards.examples import plant_presence
    >>> [(one.column, one.action) for one in find_presence(plant_presence())]
    [('closed', 'dropped')]
    """
    bad, findings = case.sample.bad == 1, []
    for at, column in enumerate(case.columns):
        known = case.sample.table.known[:, at]
        of_bads, of_goods = float(known[bad].mean()), float(known[~bad].mean())
        apart = abs(of_bads - of_goods)
        error = float(np.sqrt(of_bads * (1 - of_bads) / bad.sum() + of_goods * (1 - of_goods) / (~bad).sum()))
        word = afterwards_word(column.name)
        if apart - 3 * error <= (NAMED if word else TOLD):
            continue
        purest = max(_lowest_rate(bad[known]), _lowest_rate(bad[~known]))
        drop = bool(word) or purest > PURE
        said = f"known for {of_bads:.1%} of the bads and {of_goods:.1%} of the goods"
        why = f"{said}: whether it is known follows the outcome" if drop else f"{said}: ask why, it may be filled in afterwards"
        figures = {"known_of_bads_ppm": round(PPM * of_bads), "known_of_goods_ppm": round(PPM * of_goods)}
        findings.append(
            Finding(guard="presence", column=column.name, action="dropped" if drop else "kept", why=why, figures=figures)
        )
    return findings


def find_pure(case: Case) -> list[Finding]:
    """Return columns with values that only one outcome has: bads, and many of them.

    >>> from weilend.models.guards.examples import plant_pure
    >>> [(one.column, one.action) for one in find_pure(plant_pure())]
    [('rating', 'dropped')]
    """
    findings, rate = [], case.bads / len(case.sample)
    bar = max(PURE, 1 - (1 - rate) / 4)  # where most rows are bad, nearly pure values are no wonder
    parts = min(max(len(case.sample) // 100, FEWEST), MOST)
    codes, sizes = bin_codes(case.sample.table, case.columns, parts=parts)
    for column, code, size in zip(case.columns, codes, sizes, strict=True):
        rows = np.bincount(code, minlength=size)
        bads = np.bincount(code, weights=case.sample.bad, minlength=size)
        lowest = np.array([_wilson(b, r) for b, r in zip(bads, rows, strict=True)])
        pure = (lowest > bar) & (bads >= LEAST_BADS)
        share, held = float(bads[pure].sum()) / case.bads, int(rows[pure].sum())
        if share >= SHARE_OF_BADS:
            why = f"values of {held} rows hold {share:.0%} of all bads and next to no goods: it says what became of the loan"
            figures = {"rows": held, "bads": int(bads[pure].sum()), "share_of_bads_ppm": round(PPM * share)}
            findings.append(Finding(guard="pure", column=column.name, action="dropped", why=why, figures=figures))
    return findings


def _lowest_rate(bad: Integers) -> float:
    return _wilson(float(np.sum(bad)), len(bad)) if np.sum(bad) >= LEAST_BADS else 0.0


def _wilson(hits: float, rows: float) -> float:
    """Return the lower end of Wilson's (1927) 95 % interval of a share."""
    if rows == 0:
        return 0.0
    share = hits / rows
    middle = share + Z * Z / (2 * rows)
    return float((middle - Z * np.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows))) / (1 + Z * Z / rows))
