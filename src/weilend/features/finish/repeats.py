"""In: states that count the rows of each party. Out: what comes more than once. Used: through the registry of aggregates."""

from __future__ import annotations

from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.series import counts
from weilend.features.finish.window import Floats, Window

#: Orders of one buyer within an hour from which a platform speaks of brushing (domain.md §2, Shopee's definition).
BURST_ROWS = 3


def share_of_rows(window: Window, at_least: int) -> Floats:
    """Return rows in groups of at least so many rows over all rows, in ppm."""
    return divide(window.add(window.count * (window.count >= at_least)), window.once(counts)) * ONE


@aggregate("repeated_share", "none", by=True)
def finish_repeated_share(window: Window) -> Floats:
    """Rows whose party has another row too, over all rows, in ppm: copied reviews, waybills used again."""
    return share_of_rows(window, 2)


@aggregate("returning_share", "none", by=True)
def finish_returning_share(window: Window) -> Floats:
    """Parties with at least two rows over all parties, in ppm."""
    return divide(window.add(window.count >= 2), window.tally()) * ONE


@aggregate("hourly_burst_share", "hour", by=True)
def finish_hourly_burst_share(window: Window) -> Floats:
    """Rows of a party that has at least `BURST_ROWS` of them in one hour, over all rows, in ppm."""
    return share_of_rows(window, BURST_ROWS)
