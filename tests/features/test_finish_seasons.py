"""Sales against the season of their categories: equal to the definition, blind to a festival, and a wrong calendar is caught."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import State
from weilend.features.finish import AGGREGATES, Sight, Window, seasons

LENGTHS = (12, 8)
AS_OF = (date(2020, 1, 15), date(2019, 7, 1), date(2020, 1, 1))
NAMES = ("food", "unheard of", "女装")
ONE = 1_000_000
#: (row, name, slot) -> what was sold; slots beyond the window do not count.
SOLD = st.dictionaries(
    st.tuples(st.integers(0, len(AS_OF) - 1), st.integers(0, len(NAMES) - 1), st.integers(0, 13)),
    st.sampled_from([-500, 1, 300, 70_000, 10**13]),
    max_size=30,
)


def answer(sold: dict, days=AS_OF, lengths=LENGTHS) -> np.ndarray:
    """Return the answers (looks, rows); every look sees the same groups."""
    made = [(*key, amount) for key, amount in sold.items()]
    row, party, slot, total = np.array(made, dtype=np.int64).reshape(-1, 4).T
    state = State(row=row, party=party, slot=slot, count=row * 0 + 1, total=total, parties=np.array(NAMES, object))
    as_of = np.array([(day - date(1970, 1, 1)).days for day in days])
    sight = Sight(np.array(lengths), np.zeros((len(lengths), len(days)), np.int64), as_of, 0 * as_of)
    window = Window([state] * len(lengths), sight, "series")
    return AGGREGATES["recent_against_season"].finish(window).reshape(len(lengths), len(days))


def by_hand(sold: dict, row: int, length: int) -> float:
    """Return what the definition says of a row, line of the index by line."""
    index = {name: seasons.SEASONS.get(name, seasons.USUAL) for name in NAMES}
    quarter = length // 4
    mine = {(name, slot): max(amount, 0) for (at, name, slot), amount in sold.items() if at == row and slot < length}

    def weight(name: str, slots: range) -> int:
        return sum(index[name][(AS_OF[row].month - 2 - slot) % 12] for slot in slots)

    expected = 0.0
    for at, name in enumerate(NAMES):
        earlier = sum(amount for (one, slot), amount in mine.items() if one == at and slot >= quarter)
        expected += earlier / weight(name, range(quarter, length)) * weight(name, range(quarter))
    actual = sum(amount for (_, slot), amount in mine.items() if slot < quarter)
    return actual / expected * ONE if expected else math.nan


@settings(max_examples=100, deadline=None)
@given(SOLD)
def test_sales_against_the_season_equal_the_definition_and_one_row_what_many_give(sold):
    found = answer(sold)
    for look, length in enumerate(LENGTHS):
        for row in range(len(AS_OF)):
            assert found[look, row] == pytest.approx(by_hand(sold, row, length), nan_ok=True, rel=1e-12)
            mine = {(0, *key[1:]): amount for key, amount in sold.items() if key[0] == row}
            np.testing.assert_array_equal(answer(mine, AS_OF[row : row + 1], (length,))[0, 0], found[look, row])


def follow(index: tuple[int, ...], name: int) -> dict:
    """Return a year of sales that do just what an index says, seen in the middle of January."""
    return {(0, name, slot): 100 * index[(0 - slot - 1) % 12] for slot in range(12)}


@pytest.mark.parametrize("name", range(len(NAMES)))
def test_a_year_that_follows_its_season_is_as_expected(name):
    sold = follow(seasons.SEASONS.get(NAMES[name], seasons.USUAL), name)
    assert answer(sold)[0, 0] == pytest.approx(ONE)


def test_even_sales_fall_short_of_a_festival():
    even = {(0, 1, slot): 1_000 for slot in range(12)}
    assert answer(even)[0, 0] < 0.9 * ONE  # October to December should have brought more


def test_the_index_that_is_read_a_month_late_is_caught(monkeypatch):
    """Planted bug: an index turned by a month."""
    sold = follow(seasons.USUAL, 1)
    monkeypatch.setattr(seasons, "_INDEX", np.roll(seasons._INDEX, 2, axis=1))
    assert answer(sold)[0, 0] != pytest.approx(ONE, rel=1e-3)


def test_every_season_has_a_mean_month_of_a_thousand():
    assert {sum(index) for index in (seasons.USUAL, *seasons.SEASONS.values())} == {12_000}
