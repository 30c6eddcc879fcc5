"""In: states that tell parties apart and keep the first and last value of each. Out: the worst of how things stand now, how much
that changed, the days since or until a stated day. Used: through the registry, beside `standing`.

What is reported again and again (a bureau's file, a register's page, arrears by tax) is a state, not a flow: the last report of
each party counts, and a party without a report in the window does not count at all.
"""

from __future__ import annotations

import numpy as np

from weilend.core.plan import Ints
from weilend.features.finish.aggregate import aggregate
from weilend.features.finish.window import Floats, Rows, Window


def most(rows: Rows, amount: Ints) -> Floats:
    """Return the largest amount per row, NaN where there is none."""
    return rows.blank(rows.most(amount, 0))


@aggregate("standing_most", "none", by=True, measures=("last",))
def finish_standing_most(window: Window) -> Floats:
    """The last value of each party, the largest of them; not known without any."""
    return most(window, window.kept("last"))


@aggregate("standing_change", "none", by=True, measures=("first", "last"))
def finish_standing_change(window: Window) -> Floats:
    """Last value less first value of each party with two rows or more, the largest of them; not known without any."""
    twice = window.count >= 2
    return most(Rows(window.row[twice], window.size), (window.kept("last") - window.kept("first"))[twice])


@aggregate("days_since_stated", "day", by=True, measures=("last",))
def finish_days_since_stated(window: Window) -> Floats:
    """Days from a day that rows state to the as_of, by each party's last row, the most of any party; not known without any.

    The value of a row is the number of days from the stated day to the row's own; the days since then are added here.
    """
    rows, day, last = window.once(last_days)
    return most(rows, last + window.as_of_day[rows.row] - day)


@aggregate("days_until_stated", "day", by=True, measures=("last",))
def finish_days_until_stated(window: Window) -> Floats:
    """Days from the as_of to a day that rows state, below zero once past, the least of any party; not known without any.

    The value of a row is the number of days from the row's own day to the stated one; the days since then are taken off here.
    """
    rows, day, last = window.once(last_days)
    return -most(rows, window.as_of_day[rows.row] - day - last)


def last_days(window: Window) -> tuple[Rows, Ints, Ints]:
    """Return row, day and last value of the last day of each party in the window."""
    ends = np.ones(len(window.row), dtype=np.bool_)
    ends[:-1] = (window.row[1:] != window.row[:-1]) | (window.party[1:] != window.party[:-1])
    return Rows(window.row[ends], window.size), window.slot[ends], window.kept("last")[ends]
