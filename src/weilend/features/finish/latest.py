"""In: states that tell parties apart and keep the first and last value of each. Out: the worst of how things stand now, how much
that changed, the days since or until a stated day. Used: through the registry, beside `standing`.

What is reported again and again (a bureau's file, a register's page, arrears by tax) is a state, not a flow: the last report of
each party counts, and a party without a report in the window does not count at all.
"""

from __future__ import annotations

import numpy as np

from weilend.features.finish.aggregate import Floats, Ints, Window, aggregate


def blank_rows(window: Window, row: Ints, values: Floats) -> Floats:
    """Return the values with NaN on the spine rows that no group speaks of."""
    there = np.zeros(window.size, dtype=np.bool_)
    there[row] = True
    return np.where(there, values, np.nan)


def most(window: Window, row: Ints, amount: Ints) -> Floats:
    """Return the largest amount per spine row, NaN where there is none."""
    largest = np.full(window.size, np.iinfo(np.int64).min)
    np.maximum.at(largest, row, amount)
    return blank_rows(window, row, largest.astype(np.float64))


@aggregate("standing_most", "none", by=True, measures=("last",))
def finish_standing_most(window: Window) -> Floats:
    """The last value of each party, the largest of them; not known without any."""
    return most(window, window.state.row, window.state.kept["last"])


@aggregate("standing_change", "none", by=True, measures=("first", "last"))
def finish_standing_change(window: Window) -> Floats:
    """Last value less first value of each party with two rows or more, the largest of them; not known without any."""
    state = window.state
    twice = state.count >= 2
    return most(window, state.row[twice], (state.kept["last"] - state.kept["first"])[twice])


@aggregate("days_since_stated", "day", by=True, measures=("last",))
def finish_days_since_stated(window: Window) -> Floats:
    """Days from a day that rows state to the as_of, by each party's last row, the most of any party; not known without any.

    The value of a row is the number of days from the stated day to the row's own; the days since then are added here.
    """
    row, day, last = _last_days(window)
    return most(window, row, last + window.as_of_day[row] - day)


@aggregate("days_until_stated", "day", by=True, measures=("last",))
def finish_days_until_stated(window: Window) -> Floats:
    """Days from the as_of to a day that rows state, below zero once past, the least of any party; not known without any.

    The value of a row is the number of days from the row's own day to the stated one; the days since then are taken off here.
    """
    row, day, last = _last_days(window)
    return -most(window, row, window.as_of_day[row] - day - last)


def _last_days(window: Window) -> tuple[Ints, Ints, Ints]:
    """Return row, day and last value of the last day of each party in the window."""
    state = window.state
    inside = np.flatnonzero(state.slot >= window.first_day[state.row])
    order = inside[np.lexsort((state.slot[inside], state.party[inside], state.row[inside]))]
    row, party = state.row[order], state.party[order]
    ends = order[(np.diff(row, append=-1) != 0) | (np.diff(party, append=-1) != 0)]
    return state.row[ends], state.slot[ends], state.kept["last"][ends]
