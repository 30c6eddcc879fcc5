"""In: a case with months. Out: columns whose relation to the outcome turns or vanishes, or whose values move. Used: as a guard.

A field that is rewritten after the outcome knows it where there was time to rewrite it, and no longer where there was not.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from weilend.core.money import PPM
from weilend.models.guards.case import Case
from weilend.models.guards.finding import Action, Finding
from weilend.models.guards.tenths import bin_codes, compare_codes
from weilend.models.ranks import auc_error

SURELY: Final = 4.0
#: Loss of AUC from the older to the newer half that is told, and the AUC in the older half from which it drops the column.
LOST, STRONG = 0.08, 0.68
#: Population stability index: amber and red by custom (Siddiqi 2006); above the last a column no longer means what it did.
AMBER, RED, ANOTHER = 0.10, 0.25, 1.0


def find_turning(case: Case) -> list[Finding]:
    """Return columns whose evidence from the older rows points the other way, or nowhere, in the newer ones.

    >>> from weilend.models.guards.examples import plant_flip
    >>> [(one.column, one.action) for one in find_turning(plant_flip())]
    [('turning', 'dropped')]
    """
    if case.across is None:
        return []
    findings = []
    newer = case.sample.bad[case.newer]
    bads, goods = int(newer.sum()), int(len(newer) - newer.sum())
    for column, old, new in zip(case.columns, *case.across, strict=True):
        error = float(np.hypot(case.error(float(old)) * 1.5, auc_error(float(new), bads, goods)))
        figures = {"older_auc_ppm": round(PPM * float(old)), "newer_auc_ppm": round(PPM * float(new))}
        turned = new < 0.5 - SURELY * error and old > 0.5 + SURELY * error
        vanished = old - new > max(LOST, SURELY * error)
        if turned:
            why = f"it ranks the older rows (AUC {old:.3f}) and ranks the newer ones the other way ({new:.3f})"
            findings.append(Finding(guard="turning", column=column.name, action="dropped", why=why, figures=figures))
        elif vanished:
            why = f"it ranks older rows (AUC {old:.3f}) and newer ones less ({new:.3f}), as fields do that are written later"
            action: Action = "dropped" if old > STRONG else "kept"
            findings.append(Finding(guard="vanishing", column=column.name, action=action, why=why, figures=figures))
    return findings


def find_drift(case: Case) -> list[Finding]:
    """Return columns whose values differ between the older and the newer half by more than chance and by more than .10 (PSI).

    >>> from weilend.models.guards.examples import plant_drift
    >>> [(one.column, one.action) for one in find_drift(plant_drift())]
    [('moving', 'dropped')]
    """
    if not case.newer.any():
        return []
    codes, sizes = bin_codes(case.sample.table, case.columns)
    found = compare_codes(codes, sizes, case.newer, seed=case.seed)
    findings = []
    for column, psi, chance in zip(case.columns, *found, strict=True):
        if psi > max(chance, AMBER):
            level = "red" if psi > RED else "amber"
            drop = psi > ANOTHER
            why = f"its values moved between the older and the newer half: PSI {psi:.2f} ({level}), chance {chance:.2f}"
            figures = {"psi_ppm": round(PPM * float(psi)), "chance_psi_ppm": round(PPM * float(chance))}
            findings.append(
                Finding(guard="drift", column=column.name, action="dropped" if drop else "kept", why=why, figures=figures)
            )
    return findings
