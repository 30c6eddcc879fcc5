"""In: states by hour, value or voucher, and of two parts. Out: signed ratios, marks of invention. Used: through the registry."""

from __future__ import annotations

import math

import numpy as np

from weilend.features.finish.aggregate import ONE, Floats, Window, add_by_row, aggregate, divide
from weilend.features.finish.pairs import other, sums

CHINA_HOURS = 8  # ahead of UTC, without summer time since 1992; a window does not tell the zone of the home
NIGHT_HOURS = 6  # night is 00:00 to 05:59
FEWEST_AMOUNTS = 100  # fewer amounts than this say nothing about first digits (Nigrini 2012, Benford's Law, asks for hundreds)


@aggregate("signed_ratio", parts=2)
def finish_signed_ratio(window: Window) -> Floats:
    """Sum of the one over the sum of the other, in ppm, below zero where the first is; unknown unless the other is above zero."""
    return divide(sums(window, window.state), sums(window, other(window))) * ONE


@aggregate("night_share", "hour")
def finish_night_share(window: Window) -> Floats:
    """Rows between midnight and six in the morning, China Standard Time, over all rows, in ppm."""
    state = window.state
    night = (state.slot + CHINA_HOURS) % 24 < NIGHT_HOURS
    at_night = add_by_row(state.row[night], state.count[night], window.size)
    return divide(at_night, add_by_row(state.row, state.count, window.size)) * ONE


@aggregate("share_of_unbalanced", "none", by=True)
def finish_share_of_unbalanced(window: Window) -> Floats:
    """Parties (vouchers) whose values do not add up to zero, over all parties, in ppm."""
    state = window.state
    off = (state.total != 0).astype(np.int64)
    return divide(add_by_row(state.row, off, window.size), add_by_row(state.row, np.ones_like(off), window.size)) * ONE


@aggregate("first_digit_gap", "none", by=True)
def finish_first_digit_gap(window: Window) -> Floats:
    """Mean absolute deviation of first digits of the values from Benford's law, in ppm; values not above zero are left out."""
    state = window.state
    names = state.parties
    value = np.asarray(names.astype(np.int64)[state.party] if len(names) else state.party, dtype=np.int64)
    kept = value > 0
    digit, row, count = value[kept], state.row[kept], state.count[kept]
    while (digit > 9).any():
        digit = np.where(digit > 9, digit // 10, digit)
    every = add_by_row(row, count, window.size)
    gap = np.zeros(window.size)
    for first in range(1, 10):
        share = divide(add_by_row(row[digit == first], count[digit == first], window.size), every)
        gap = gap + np.abs(share - math.log10(1.0 + 1.0 / first))
    return np.where(every >= FEWEST_AMOUNTS, gap / 9.0 * ONE, np.nan)
