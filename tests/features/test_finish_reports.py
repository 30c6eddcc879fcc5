"""What stands, what changed, what agrees: the finish functions against a plain oracle, groups in any order."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from weilend.core.plan import State
from weilend.features.finish import AGGREGATES, Sight, Window

SIZE, LENGTH, TODAY = 3, 6, 100
NAMES = ("standing_most", "standing_change", "days_since_stated", "days_until_stated")


def groups(rng: random.Random, slots: int) -> list[tuple[int, ...]]:
    """Return groups (row, party, slot, count, total, first, last), shuffled; row 2 is often empty."""
    keys = {(rng.choice((0, 0, 1, 2)), rng.randrange(3), rng.randrange(slots)) for _ in range(rng.randrange(12))}
    made = [(*key, rng.randint(1, 3), rng.randint(-9, 9), rng.randint(-50, 50), rng.randint(-50, 50)) for key in sorted(keys)]
    rng.shuffle(made)
    return made


def state(made: list[tuple[int, ...]], names: str) -> State:
    row, party, slot, count, total, first, last = np.array(made, dtype=np.int64).reshape(-1, 7).T
    kept = {"first": first, "last": last}
    return State(row=row, party=party, slot=slot, count=count, total=total, parties=np.array(list(names), object), kept=kept)


def window(name: str, *parts: list[tuple[int, ...]]) -> Window:
    days = np.full(SIZE, TODAY)
    sight = Sight(np.array([LENGTH]), days[None] - 98, days, 0 * days)
    one = AGGREGATES[name]
    of, *against = [state(made, "abc" if one.by else "") for made in parts]
    return Window([of], sight, one.slot, against)


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
    found = AGGREGATES[name].finish(window(name, made)).tolist()
    expected = [by_hand(name, [one for one in made if one[0] == row]) for row in range(SIZE)]
    assert [None if math.isnan(one) else one for one in found] == expected


def monthly(made: list[tuple[int, ...]], row: int, slot: int) -> int:
    return sum(one[4] for one in made if one[0] == row and one[2] == slot)


def merged(made: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return one group for each row and slot, in the order in which they first came."""
    return [(row, 0, slot, 1, monthly(made, row, slot), 0, 0) for row, slot in dict.fromkeys((one[0], one[2]) for one in made)]


@pytest.mark.parametrize("seed", range(40))
def test_agreement_equals_the_oracle(seed):
    rng = random.Random(seed)
    this, that = groups(rng, LENGTH + 2), groups(rng, LENGTH + 2)
    names = ("correlation", "months_unmatched", "log_gap")
    found = {name: AGGREGATES[name].finish(window(name, merged(this), merged(that))) for name in names}
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


@pytest.mark.parametrize(("offset", "share"), [(8, 750_000), (0, 250_000), (-5, 0)])
def test_night_is_night_by_the_clock_of_the_home(offset, share):
    """Three rows at 18:00 UTC and one at 03:00: in Shanghai at 02:00 and 11:00, in New York at 13:00 and 22:00."""
    hours = [(0, 0, 24 * 18_000 + 18, 2, 0, 0, 0), (0, 0, 24 * 18_001 + 18, 1, 0, 0, 0), (0, 0, 24 * 18_002 + 3, 1, 0, 0, 0)]
    days = np.full(SIZE, TODAY)
    sight = Sight(np.array([LENGTH]), days[None], days, np.full(SIZE, offset))
    found = AGGREGATES["night_share"].finish(Window([state(hours, "")], sight, "hour"))
    assert found[0] == share
    assert np.isnan(found[1:]).all()
