"""In: states that keep the last value of each party. Out: how things stand now, over all shops. Used: through the registry.

What changes in place (a deposit, a review rate) counts once a shop, as last seen in the window; a shop not seen in it is left out.
"""

from __future__ import annotations

from weilend.core.plan import Ints
from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.series import sums
from weilend.features.finish.window import Floats, Window


def sum_lasts(window: Window) -> Ints:
    """Return the sum of the parties' last values per row, 0 where there is none."""
    return window.add(window.kept("last"))


@aggregate("standing_sum", "none", by=True, measures=("last",))
def finish_standing_sum(window: Window) -> Floats:
    """Last value of each party, added up; not known without any row."""
    return window.blank(window.once(sum_lasts))


@aggregate("standing_least", "none", by=True, measures=("last",))
def finish_standing_least(window: Window) -> Floats:
    """Last value of each party, the smallest of them: how the weakest stands."""
    return window.blank(window.least(window.kept("last"), 0))


@aggregate("standing_ratio", "none", by=True, parts=2, measures=("last",))
def finish_standing_ratio(window: Window) -> Floats:
    """Sum of the last values of the one over that of the other, in ppm."""
    return window.blank(divide(window.once(sum_lasts), window.other.once(sum_lasts)) * ONE)


@aggregate("standing_over_flow", "none", by=True, parts=2, measures=("last",))
def finish_standing_over_flow(window: Window) -> Floats:
    """Sum of the last values of the one over the whole sum of the other, in ppm: a standing figure against a flow."""
    return window.blank(divide(window.once(sum_lasts), window.other.once(sums)) * ONE)


@aggregate("days_since_named_day", "none", measures=("least",))
def finish_days_since_named_day(window: Window) -> Floats:
    """Days from the earliest day that any row names (a value in days since 1970-01-01) to the as_of."""
    return window.blank(window.as_of_day - window.least(window.kept("least"), 0))
