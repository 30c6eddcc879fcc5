"""In: last balances by account and day. Out: daily balances over all accounts. Used: through the registry of aggregates.

The balance that an entry states holds until the next entry of its account. Accounts are added up; one counts from its first entry
in the window on, for nothing before: what is not known is not lent against. A day counts once it is over, from the first day that
any account shows to the day before the as_of, so daily balances want windows in days.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.features.finish.aggregate import Floats, Ints, Window, add_by_row, aggregate, divide
from weilend.features.finish.values import nearest_rank

LOW_FEN = 100_000  # 1,000 yuan: the usual "low balance day" of lenders to small businesses (domain: days<1,000)


class Stretches(msgspec.Struct, frozen=True):
    """Runs of days on which the balance over all accounts of a row stayed the same: how much, and for how many days."""

    row: Ints
    balance: Ints
    days: Ints


def fill_forward(window: Window) -> Stretches:
    """Return the stretches of every row, from its first day with an entry to the day before its as_of."""
    state = window.state
    inside = np.flatnonzero((state.slot >= window.first_day[state.row]) & (state.slot < window.as_of_day[state.row]))
    order = inside[np.lexsort((state.slot[inside], state.party[inside], state.row[inside]))]
    row, day = state.row[order], state.slot[order]
    moved = _moves(row, state.party[order], state.kept["last"][order])
    order = np.lexsort((day, row))
    row, day, moved = row[order], day[order], moved[order]
    start = np.flatnonzero((np.diff(row, prepend=-1) != 0) | (np.diff(day, prepend=-1) != 0))
    if not start.size:
        return Stretches(start, start, start)
    row, day, moved = row[start], day[start], np.add.reduceat(moved, start)
    ends = np.diff(row, append=-1) != 0
    until = np.where(ends, window.as_of_day[row], np.append(day[1:], 0))
    return Stretches(row, _run(row, moved, window.size), until - day)


def _moves(row: Ints, party: Ints, balance: Ints) -> Ints:
    """Return by how much each account moves; its first balance moves from nothing."""
    before = np.append(np.zeros(1, dtype=np.int64), balance[:-1]) if len(balance) else balance
    same = (np.diff(row, prepend=-1) == 0) & (np.diff(party, prepend=-1) == 0)
    return balance - np.where(same, before, 0)


def _run(row: Ints, moved: Ints, size: int) -> Ints:
    """Return running sums within each row; each row first takes back what the row before left, so that sums stay small."""
    left = add_by_row(row, moved, size)
    first = np.flatnonzero(np.diff(row, prepend=-1) != 0)
    again = moved.copy()
    again[first[1:]] -= left[row[first[:-1]]]
    return np.asarray(np.cumsum(again), dtype=np.int64)


@aggregate("daily_balance_mean", "day", by=True, measures=("last",))
def finish_daily_balance_mean(window: Window) -> Floats:
    """Mean of the balances at the end of each day (average daily balance)."""
    runs = fill_forward(window)
    days = add_by_row(runs.row, runs.days, window.size)
    return divide(add_by_row(runs.row, runs.balance * runs.days, window.size), days)


@aggregate("daily_balance_p10", "day", by=True, measures=("last",))
def finish_daily_balance_p10(window: Window) -> Floats:
    """Tenth percentile of the balances at the end of each day, nearest rank."""
    runs = fill_forward(window)
    nobody = np.zeros(0, dtype=np.object_)
    days = msgspec.structs.replace(window.state, row=runs.row, party=runs.balance, count=runs.days, parties=nobody)
    return nearest_rank(msgspec.structs.replace(window, state=days), 10)


@aggregate("daily_balance_low_days", "day", by=True, measures=("last",))
def finish_daily_balance_low_days(window: Window) -> Floats:
    """Days that ended with less than `LOW_FEN`; not known without any balance."""
    return _count_days_below(window, LOW_FEN)


@aggregate("daily_balance_overdrawn_days", "day", by=True, measures=("last",))
def finish_daily_balance_overdrawn_days(window: Window) -> Floats:
    """Days that ended below zero; not known without any balance."""
    return _count_days_below(window, 0)


def _count_days_below(window: Window, limit: int) -> Floats:
    runs = fill_forward(window)
    below = runs.balance < limit
    counted = add_by_row(runs.row[below], runs.days[below], window.size).astype(np.float64)
    return np.where(add_by_row(runs.row, runs.days, window.size) > 0, counted, np.nan)
