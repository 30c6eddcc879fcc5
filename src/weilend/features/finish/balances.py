"""In: last balances by account and day. Out: daily balances over all accounts. Used: through the registry of aggregates.

The balance that an entry states holds until the next entry of its account. Accounts are added up; one counts from its first entry
in the window on, for nothing before: what is not known is not lent against. A day counts once it is over, from the first day that
any account shows to the day before the as_of, so daily balances want windows in days.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from weilend.core.plan import Ints
from weilend.features.finish.aggregate import aggregate, divide
from weilend.features.finish.values import nearest_rank
from weilend.features.finish.window import Floats, Rows, Window

LOW_FEN = 100_000  # 1,000 yuan: the usual "low balance day" of lenders to small businesses (domain: days<1,000)


class Stretches(NamedTuple):
    """Runs of days on which the balance over all accounts of a row stayed the same: how much, and for how many days."""

    rows: Rows
    balance: Ints
    days: Ints


def fill_forward(window: Window) -> Stretches:
    """Return the stretches of every row, from its first day with an entry to the day before its as_of."""
    over = window.slot < window.as_of_day[window.row]
    row, party, day, last = (column[over] for column in (window.row, window.party, window.slot, window.kept("last")))
    same = (row[1:] == row[:-1]) & (party[1:] == party[:-1])
    moved = last.copy()  # the first balance of an account moves from nothing
    moved[1:] -= np.where(same, last[:-1], 0)
    return stretch(row, day, moved, window)


def stretch(row: Ints, day: Ints, moved: Ints, window: Window) -> Stretches:
    """Return the stretches between moves: each row stands at nothing before its first, and its last stretch ends at the as_of."""
    order = np.lexsort((day, row))
    row, day, moved = row[order], day[order], moved[order]
    begins = np.ones(len(row), dtype=np.bool_)
    begins[1:] = (row[1:] != row[:-1]) | (day[1:] != day[:-1])
    start = begins.nonzero()[0]
    row, day, moved = row[start], day[start], np.add.reduceat(moved, start) if len(start) else moved
    rows = Rows(row, window.size)
    return Stretches(rows, run(rows, moved), rows.after(day, window.as_of_day) - day)


def run(rows: Rows, moved: Ints) -> Ints:
    """Return running sums within each row; each row first takes back what the row before left, so that sums stay small."""
    again = moved.copy()
    left = rows.add(moved)
    again[rows.start[1:]] -= left[rows.present[:-1]]
    return np.cumsum(again)


def mean_of(stretches: Stretches) -> Floats:
    """Return the mean over days."""
    rows, balance, days = stretches
    return divide(rows.add(balance * days), rows.add(days))


def tenth_percentile_of(stretches: Stretches) -> Floats:
    """Return the tenth percentile over days, nearest rank."""
    rows, balance, days = stretches
    order = np.lexsort((balance, rows.row))
    return nearest_rank(rows, balance[order], days[order], 10)


def days_below(stretches: Stretches, limit: int) -> Floats:
    """Return how many days ended with less than a limit; NaN without any balance."""
    rows, balance, days = stretches
    return rows.blank(rows.add(days * (balance < limit)))


@aggregate("daily_balance_mean", "day", by=True, measures=("last",))
def finish_daily_balance_mean(window: Window) -> Floats:
    """Mean of the balances at the end of each day (average daily balance)."""
    return mean_of(window.once(fill_forward))


@aggregate("daily_balance_p10", "day", by=True, measures=("last",))
def finish_daily_balance_p10(window: Window) -> Floats:
    """Tenth percentile of the balances at the end of each day, nearest rank."""
    return tenth_percentile_of(window.once(fill_forward))


@aggregate("daily_balance_low_days", "day", by=True, measures=("last",))
def finish_daily_balance_low_days(window: Window) -> Floats:
    """Days that ended with less than `LOW_FEN`; not known without any balance."""
    return days_below(window.once(fill_forward), LOW_FEN)


@aggregate("daily_balance_overdrawn_days", "day", by=True, measures=("last",))
def finish_daily_balance_overdrawn_days(window: Window) -> Floats:
    """Days that ended below zero; not known without any balance."""
    return days_below(window.once(fill_forward), 0)
