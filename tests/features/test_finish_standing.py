"""What stands and what repeats, against a plain oracle over the rows themselves."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import State
from weilend.features.finish import AGGREGATES, Sight, Window

ONE, SIZE, TODAY = 1_000_000, 2, 18_262
FACTS = st.lists(st.tuples(st.integers(0, SIZE - 1), st.sampled_from("abc"), st.integers(-9, 99)), max_size=14)


def state(facts, by, order) -> State:
    groups: dict[tuple, list[int]] = {}
    for row, party, value in facts:
        groups.setdefault((row, by(party)), []).append(value)
    keys = [list(groups)[at] for at in order(len(groups))]
    names = np.array(["", "a", "b", "c"], object)
    ints = {
        "row": [key[0] for key in keys],
        "party": [names.tolist().index(key[1]) for key in keys],
        "slot": [0 for _ in keys],
        "count": [len(groups[key]) for key in keys],
        "total": [sum(groups[key]) for key in keys],
    }
    kept = {"last": [groups[key][-1] for key in keys], "least": [min(groups[key]) for key in keys]}
    arrays = {name: np.array(value, np.int64) for name, value in ints.items()}
    return State(parties=names, kept={name: np.array(value, np.int64) for name, value in kept.items()}, **arrays)


def expected(name, mine, theirs) -> float | None:
    last, last_theirs = (dict(some) for some in (mine, theirs))
    count = Counter(party for party, _ in mine)
    above, flow, below = sum(last.values()), sum(value for _, value in theirs), sum(last_theirs.values())
    if not mine:
        return None
    return {
        "standing_sum": above,
        "standing_least": min(last.values()),
        "standing_ratio": above / below * ONE if below > 0 else None,
        "standing_over_flow": above / flow * ONE if flow > 0 else None,
        "days_since_named_day": TODAY - min(value for _, value in mine),
        "repeated_share": sum(n for n in count.values() if n >= 2) / len(mine) * ONE,
        "returning_share": sum(n >= 2 for n in count.values()) / len(count) * ONE,
        "hourly_burst_share": sum(n for n in count.values() if n >= 3) / len(mine) * ONE,
    }[name]


NAMES = ("standing_sum", "standing_least", "standing_ratio", "standing_over_flow", "days_since_named_day",
         "repeated_share", "returning_share", "hourly_burst_share")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(FACTS, FACTS, st.randoms(use_true_random=False))
def test_aggregates_equal_the_oracle_in_any_order_of_groups(name, mine, theirs, random):
    def order(length: int) -> list[int]:
        return random.sample(range(length), length)

    by = (lambda party: party) if AGGREGATES[name].by else (lambda party: "")
    days = np.full(SIZE, TODAY, np.int64)
    sight = Sight(np.array([1]), days[None], days, 0 * days)
    window = Window([state(mine, by, order)], sight, "none", [state(theirs, by, order)])
    for row, value in enumerate(AGGREGATES[name].finish(window).tolist()):
        answer = expected(name, *([(p, v) for r, p, v in some if r == row] for some in (mine, theirs)))
        assert np.isnan(value) if answer is None else value == pytest.approx(answer), (name, row)
