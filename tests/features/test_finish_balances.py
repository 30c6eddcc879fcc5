"""Daily balances against a plain oracle that walks day by day, for many rows at once and one by one."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import State
from weilend.features.finish import AGGREGATES, Sight, Window
from weilend.features.finish.balances import LOW_FEN

FIRST, AS_OF, SIZE = 100, 130, 3
NAMES = ("daily_balance_mean", "daily_balance_p10", "daily_balance_low_days", "daily_balance_overdrawn_days")
#: (row, account, day) -> last balance of the day; days before the window and on the as_of are there to be left out.
BALANCES = st.dictionaries(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, 2), st.integers(FIRST - 3, AS_OF)),
    st.sampled_from([-(10**13), -5, 0, 1, LOW_FEN - 1, LOW_FEN, 10**13]),
    max_size=25,
)


def window(balances: dict, size: int = SIZE) -> Window:
    columns = [np.array(column, np.int64) for column in zip(*balances, strict=True)] or [np.zeros(0, np.int64)] * 3
    row, party, slot = columns
    last = np.array(list(balances.values()), np.int64)
    names = np.array(["A", "B", "C"], object)
    state = State(row=row, party=party, slot=slot, count=np.ones_like(row), total=last, parties=names, kept={"last": last})
    sight = Sight(np.array([AS_OF - FIRST]), np.full((1, size), FIRST), np.full(size, AS_OF), np.zeros(size, np.int64))
    return Window([state], sight, "day")


def walk(balances: dict, row: int) -> list[int]:
    """Return the balance over all accounts at the end of each day, from the first day that any account shows."""
    now: dict[int, int] = {}
    ends = []
    for day in range(FIRST, AS_OF):
        now |= {account: amount for (r, account, d), amount in balances.items() if (r, d) == (row, day)}
        ends += [sum(now.values())] if now else []
    return ends


def expected(ends: list[int]) -> list[float]:
    if not ends:
        return [math.nan] * 4
    p10 = sorted(ends)[math.ceil(len(ends) / 10) - 1]
    return [sum(ends) / len(ends), p10, sum(end < LOW_FEN for end in ends), sum(end < 0 for end in ends)]


@settings(max_examples=150, deadline=None)
@given(BALANCES)
def test_daily_balances_equal_a_walk_day_by_day(balances):
    many = np.array([AGGREGATES[name].finish(window(balances)) for name in NAMES]).T
    for row in range(SIZE):
        np.testing.assert_array_equal(many[row], expected(walk(balances, row)))
        alone = {(0, account, day): amount for (r, account, day), amount in balances.items() if r == row}
        np.testing.assert_array_equal([AGGREGATES[name].finish(window(alone, 1))[0] for name in NAMES], many[row])
