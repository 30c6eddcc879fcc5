"""In: a case, with months or without. Out: what the dates of loans say of the label, as limits of the model. Used: as a guard."""

from __future__ import annotations

from typing import Final

import numpy as np

from weilend.core.money import PPM
from weilend.models.flat.dates import name_month
from weilend.models.guards.case import Case
from weilend.models.guards.finding import Finding

#: The trend of the bad rate over months is told where it is this sure, and moves the rate by this share of itself.
SURELY, MOVED = 4.0, 0.25
FEWEST_MONTHS: Final = 4


def find_undated(case: Case) -> list[Finding]:
    """Return the limit that nothing is known of when rows and outcomes happened, where there is no time column.

    >>> from weilend.models.guards.examples import clean
    >>> [one.guard for one in find_undated(clean(months=0))], find_undated(clean())
    (['undated'], [])
    """
    if case.sample.month.max() >= 0:
        return []
    why = "rows and outcomes have no date: whether each had time to go bad, and whether inputs came first, cannot be checked"
    return [Finding(guard="undated", action="kept", why=why)]


def find_censored(case: Case) -> list[Finding]:
    """Return the limit that the bad rate moves with the age of a month's loans, as it does where only ended loans are shown.

    Cochran's (1954) test for a trend in shares. Young loans that have ended were repaid early or went bad early: their bad rate is
    that of another population than the whole month's will be.

    >>> from weilend.models.guards.examples import plant_censored
    >>> [one.guard for one in find_censored(plant_censored())]
    ['censored']
    """
    months, place = np.unique(case.sample.month, return_inverse=True)
    if months[0] < 0 or len(months) < FEWEST_MONTHS:
        return []
    rows, bads = np.bincount(place), np.bincount(place, weights=case.sample.bad)
    rate = case.bads / len(case.sample)
    centred = months - np.average(months, weights=rows)
    spread = float((rows * centred**2).sum())
    slope = float((bads * centred).sum()) / spread
    surely = slope / np.sqrt(rate * (1 - rate) / spread)
    moved = slope * float(months[-1] - months[0]) / rate
    if abs(surely) < SURELY or abs(moved) < MOVED:
        return []
    third = max(len(months) // 3, 1)
    first, last = (float(bads[part].sum() / rows[part].sum()) for part in (slice(0, third), slice(-third, None)))
    many, few = (float(rows[part].mean()) for part in (slice(0, third), slice(-third, None)))
    why = (
        f"the bad rate goes from {first:.1%} in the oldest months (from {name_month(int(months[0]))}) to {last:.1%} in the newest "
        f"(to {name_month(int(months[-1]))}), rows a month from {many:,.0f} to {few:,.0f}: the label is not of one age, as where "
        "only loans that have ended are shown; PDs of young months are not comparable"
    )
    figures = {"oldest_ppm": round(PPM * first), "newest_ppm": round(PPM * last), "errors_ppm": round(PPM * float(surely))}
    return [Finding(guard="censored", action="kept", why=why, figures=figures)]
