"""In: states by hour, value or voucher, and of two parts. Out: marks of invention. Used: through the registry."""

from __future__ import annotations

import numpy as np

from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.series import add_columns, counts
from weilend.features.finish.window import Floats, Window

DAY_HOURS = 24
NIGHT_HOURS = 6  # night is 00:00 to 05:59
FEWEST_AMOUNTS = 100  # fewer amounts than this say nothing about first digits (Nigrini 2012, Benford's Law, asks for hundreds)
BENFORD = np.log10(1.0 + 1.0 / np.arange(1, 10))
POWERS_OF_TEN = 10 ** np.arange(19)


@aggregate("night_share", "hour")
def finish_night_share(window: Window) -> Floats:
    """Rows between midnight and six in the morning by the home's clock at the as_of, over all rows, in ppm."""
    local = window.slot + window.utc_offset_hours[window.row]
    return divide(window.add(window.count * (local % DAY_HOURS < NIGHT_HOURS)), window.once(counts)) * ONE


@aggregate("share_of_unbalanced", "none", by=True)
def finish_share_of_unbalanced(window: Window) -> Floats:
    """Parties (vouchers) whose values do not add up to zero, over all parties, in ppm."""
    return divide(window.add(window.total != 0), window.tally()) * ONE


@aggregate("first_digit_gap", "none", by=True, company="values")
def finish_first_digit_gap(window: Window) -> Floats:
    """Mean absolute deviation of first digits of the values from Benford's law, in ppm; values not above zero are left out."""
    value = window.values()
    kept = value > 0
    digit = value[kept] // POWERS_OF_TEN[np.searchsorted(POWERS_OF_TEN, value[kept], side="right") - 1]
    rows = np.zeros((window.size, 10), dtype=np.int64)
    np.add.at(rows, (window.row[kept], digit), window.count[kept])
    every = rows.sum(axis=1)
    gap = add_columns(np.abs(rows[:, 1:] / np.maximum(every, 1)[:, None] - BENFORD)) / 9.0 * ONE
    return np.where(every >= FEWEST_AMOUNTS, gap, np.nan)
