"""In: a case. Out: columns that name rows, tell the order of the file or the date, and what that order knows. Used: as a guard."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from weilend.core.money import PPM
from weilend.models.guards.case import Case
from weilend.models.guards.finding import Finding
from weilend.models.ranks import rank_auc
from weilend.models.table import Integers

#: A name that says so, and how much of a column must then be distinct; without one it must also follow the file or the months.
ID_NAME: Final = re.compile(
    r"(^|[_ .])(id|no|nr|key|uuid|index|member|account|customer|client|borrower|loan_?id)([_ .]|$)"
    r"|编号|序号|代号|身份证|手机|账号|^column \d+$|^unnamed",
    re.IGNORECASE,
)
DISTINCT: Final = 0.98
FOLLOWS: Final = 0.98
#: The order of rows is told where it ranks outcomes by this much more than a half, and surely.
TELLING, SURELY = 0.05, 4.0


def find_ids(case: Case) -> list[Finding]:
    """Return columns that are dropped because they count rows or days: all distinct, and named so or in the file's or time's order.

    >>> from weilend.models.guards.examples import plant_id
    >>> [(one.column, one.action) for one in find_ids(plant_id())]
    [('loan_no', 'dropped')]
    """
    findings = []
    for at, column in enumerate(case.columns):
        values, known = case.sample.table.values[:, at], case.sample.table.known[:, at]
        distinct = len(np.unique(values[known])) / max(int(known.sum()), 1)
        if column.kind != "number" or column.scale != 1 or column.until or distinct < DISTINCT or known.mean() < DISTINCT:
            continue
        with_file = abs(_rank_correlation(values, case.row))
        with_time = (
            abs(_rank_correlation(values, case.sample.month)) if case.sample.month.max() > case.sample.month.min() else 0.0
        )
        named = ID_NAME.search(column.name)
        if named or max(with_file, with_time) > FOLLOWS:
            by = {
                "follows the order of the file": with_file > FOLLOWS,
                "follows time": with_time > FOLLOWS,
                "is named so": True,
            }
            follows = next(words for words, holds in by.items() if holds)
            shares = {"distinct_ppm": distinct, "with_file_ppm": with_file, "with_time_ppm": with_time}
            figures = {name: round(PPM * share) for name, share in shares.items()}
            why = f"every row has its own value and it {follows}: it says which row, not what kind of business"
            findings.append(Finding(guard="id", column=column.name, action="dropped", why=why, figures=figures))
    return findings


def find_order(case: Case) -> list[Finding]:
    """Return a warning where a row's place in the file ranks outcomes: it was sorted by something that knows them.

    >>> from weilend.models.guards.examples import plant_order
    >>> [one.action for one in find_order(plant_order())]
    ['kept']
    """
    auc = rank_auc(case.sample.bad, case.row)
    better = max(auc, 1 - auc)
    if better - 0.5 < max(TELLING, SURELY * case.error(0.5)):
        return []
    why = f"a row's place in the file alone ranks outcomes (AUC {better:.3f}): it is sorted by outcome, size or time"
    return [Finding(guard="order", action="kept", why=why, figures={"auc_ppm": round(PPM * better)})]


def _rank_correlation(first: Integers, second: Integers) -> float:
    """Return Spearman's correlation, ties by mean rank."""
    ranks = [np.unique(part, return_inverse=True, return_counts=True)[1:] for part in (first, second)]
    mean = [(np.cumsum(counts) - counts / 2)[place] for place, counts in ranks]
    return float(np.corrcoef(mean[0], mean[1])[0, 1]) if min(part.std() for part in mean) > 0 else 0.0
