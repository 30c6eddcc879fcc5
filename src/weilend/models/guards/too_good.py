"""In: a case. Out: columns that alone rank outcomes better than an honest input can. Used: as a guard.

Three things together: beyond chance by permuted labels, beyond what single inputs of credit reach, and a gap to the next.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import ndtri

from weilend.core.money import PPM
from weilend.models.guards.case import Case
from weilend.models.guards.finding import Finding
from weilend.models.guards.words import afterwards_word
from weilend.models.ranks import code_auc, codes_of

#: A single input above this (lower bound) is looked at; the strongest honest ones of public credit sets reach about .80.
LOOKED_AT_AUC: Final = 0.82
#: Above this (lower bound) no gap is asked for; a name that speaks of afterwards lowers the first bar to the third.
BEYOND_AUC, NAMED_AUC = 0.95, 0.65
#: The gap to the next column, in standard deviations between goods and bads (d' = √2 · Φ⁻¹(AUC), Green & Swets 1966).
GAP: Final = 0.5
SURELY: Final = 3.0
DRAWS: Final = 20


def find_too_good(case: Case) -> list[Finding]:
    """Return the columns that are dropped because they rank outcomes too well alone.

    >>> from weilend.models.guards.examples import plant_leak
    >>> [(one.column, one.action) for one in find_too_good(plant_leak())]
    [('leak', 'dropped')]
    """
    order = np.argsort(-case.auc, kind="stable")
    chance = chance_auc(case)
    auc = case.auc[order]
    distance = np.sqrt(2) * ndtri(np.clip(auc, 0.5, 1 - 1e-6))
    gaps = distance - np.append(distance[1:], 0.0)
    lowest = np.array([one - SURELY * case.error(float(one)) for one in auc])
    looked_at = (lowest > LOOKED_AT_AUC) & (lowest > chance)
    apart = np.flatnonzero(looked_at & (gaps > GAP))
    last = int(apart[-1]) if len(apart) else -1
    findings = []
    for at, column in enumerate(order.tolist()):
        name = case.columns[column].name
        word = afterwards_word(name)
        why = _why(at <= last, float(lowest[at]), word, chance)
        if why:
            following = float(auc[at + 1]) if at + 1 < len(auc) else 0.5
            figures = {"auc_ppm": _ppm(auc[at]), "next_auc_ppm": _ppm(following), "chance_auc_ppm": _ppm(chance)}
            findings.append(Finding(guard="too good", column=name, action="dropped", why=why, figures=figures))
    return findings


def _why(is_apart: bool, lowest: float, word: str, chance: float) -> str:  # noqa: FBT001
    if lowest > BEYOND_AUC:
        return f"alone it ranks nearly every bad below every good (AUC above {lowest:.3f}): it knows the outcome"
    if is_apart:
        return f"alone it ranks outcomes far better (AUC above {lowest:.3f}) than the next column: find out what it knows"
    if word and lowest > max(NAMED_AUC, chance):
        return f"its name speaks of afterwards ({word}) and alone it ranks outcomes (AUC above {lowest:.3f})"
    return ""


def chance_auc(case: Case) -> float:
    """Return the AUC that the best of all columns reaches in 95 % of deals of the labels anew.

    >>> from weilend.models.guards.examples import clean
    >>> 0.5 < chance_auc(clean()) < 0.56
    True
    """
    dice, sample = np.random.default_rng(case.seed), case.sample
    codes = [codes_of(*sample.table.column(column.name)) for column in case.columns]
    best = []
    for _ in range(DRAWS):
        bad = dice.permutation(sample.bad)
        one = [float(code_auc(np.bincount(code), np.bincount(code, weights=bad))) for code in codes]
        best.append(max(abs(auc - 0.5) for auc in one) + 0.5)
    return float(np.quantile(best, 0.95))


def _ppm(share: float) -> int:
    return round(PPM * float(share))
