"""What stands, what changed, what agrees: the finish functions against a plain oracle, groups in any order."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from weilend.core.plan import State
from weilend.features.finish import AGGREGATES, Window

SIZE, LENGTH, TODAY = 3, 6, 100
NAMES = ("standing_most", "standing_change", "days_since_stated", "days_until_stated")


def groups(rng: random.Random, slots: int) -> list[tuple[int, ...]]:
    """Return groups (row, party, slot, count, total, first, last), shuffled; row 2 is often empty."""
    keys = {(rng.choice((0, 0, 1, 2)), rng.randrange(3), rng.randrange(slots)) for _ in range(rng.randrange(12))}
    made = [(*key, rng.randint(1, 3), rng.randint(-9, 9), rng.randint(-50, 50), rng.randint(-50, 50)) for key in sorted(keys)]
    rng.shuffle(made)
    return made


def state(made: list[tuple[int, ...]]) -> State:
    row, party, slot, count, total, first, last = np.array(made, dtype=np.int64).reshape(-1, 7).T
    kept = {"first": first, "last": last}
    return State(row=row, party=party, slot=slot, count=count, total=total, parties=np.array(list("abc"), object), kept=kept)


def window(of: list[tuple[int, ...]], against: list[tuple[int, ...]] | None = None) -> Window:
    days = np.full(SIZE, TODAY)
    other = None if against is None else state(against)
    return Window(state=state(of), other=other, size=SIZE, length=LENGTH, first_day=days - 98, as_of_day=days)


def by_hand(name: str, mine: list[tuple[int, ...]]) -> float | None:
    inside = [one for one in mine if "days" not in name or one[2] >= TODAY - 98]
    latest = {one[1]: one for one in sorted(inside, key=lambda one: one[2])}
    values = {
        "standing_most": lambda: [one[6] for one in inside],
        "standing_change": lambda: [one[6] - one[5] for one in inside if one[3] >= 2],
        "days_since_stated": lambda: [one[6] + TODAY - one[2] for one in latest.values()],
        "days_until_stated": lambda: [-(one[6] - TODAY + one[2]) for one in latest.values()],
    }[name]()
    sign = -1 if name == "days_until_stated" else 1
    return sign * max(values) if values else None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(40))
def test_standing_equals_the_oracle(name, seed):
    made = groups(random.Random(seed), slots=99)
    found = AGGREGATES[name].finish(window(made)).tolist()
    expected = [by_hand(name, [one for one in made if one[0] == row]) for row in range(SIZE)]
    assert [None if math.isnan(one) else one for one in found] == expected


def monthly(made: list[tuple[int, ...]], row: int, slot: int) -> int:
    return sum(one[4] for one in made if one[0] == row and one[2] == slot)


@pytest.mark.parametrize("seed", range(40))
def test_agreement_equals_the_oracle(seed):
    rng = random.Random(seed)
    this, that = groups(rng, LENGTH + 2), groups(rng, LENGTH + 2)
    found = {name: AGGREGATES[name].finish(window(this, that)) for name in ("correlation", "months_unmatched", "log_gap")}
    for row in range(SIZE):
        series = [[monthly(made, row, slot) for slot in range(LENGTH)] for made in (this, that)]
        there = [{one[2] for one in made if one[0] == row and one[2] < LENGTH} for made in (this, that)]
        assert found["months_unmatched"][row] == len(there[0] ^ there[1])
        sums = [sum(one) for one in series]
        gap = abs(math.log(sums[0] / sums[1])) * 1e6 if min(sums) > 0 else math.nan
        assert found["log_gap"][row] == pytest.approx(gap, nan_ok=True)
        still = min(len(set(one)) for one in series) == 1
        together = math.nan if still else np.corrcoef(*series)[0, 1] * 1e6
        assert found["correlation"][row] == pytest.approx(together, nan_ok=True, abs=1)
