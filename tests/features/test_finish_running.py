"""Running balances: against an oracle that walks day by day and account by account, and through both engines."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import Spine, State
from weilend.engine import duckdb, numpy
from weilend.engine.book import Book
from weilend.features.compute import finish
from weilend.features.finish import AGGREGATES, Sight, Window, balances
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.spec import Feature, Part
from weilend.testing.bulk import random_records
from weilend.testing.invoices import HOME

FIRST, AS_OF, SIZE = 100, 112, 3
NAMES = ("running_balance_mean", "running_balance_p10", "running_balance_low_days", "running_balance_overdrawn_days")
AMOUNTS = st.sampled_from([-(10**13), -5, 0, 1, balances.LOW_FEN - 1, balances.LOW_FEN, 10**13])
#: (row, account, day) -> what flowed, or what was stated at the end of the day; the as_of's own day has begun.
DAYS = st.dictionaries(st.tuples(st.integers(0, SIZE - 1), st.integers(0, 2), st.integers(FIRST, AS_OF)), AMOUNTS, max_size=16)


def state(days: dict, names: str) -> State:
    """Return groups in the order given; `names` are the accounts' in the order of their codes."""
    row, account, slot = (
        (np.array(column, np.int64) for column in zip(*days, strict=True)) if days else [np.zeros(0, np.int64)] * 3
    )
    amount = np.array(list(days.values()), np.int64)
    party = np.array([names.index("ABC"[one]) for one in account.tolist()], np.int64)
    kept = {"last": amount}
    return State(
        row=row, party=party, slot=slot, count=row * 0 + 1, total=amount, parties=np.array(list(names), object), kept=kept
    )


def answers(flows: dict, stated: dict, size: int = SIZE) -> np.ndarray:
    sight = Sight(np.array([AS_OF - FIRST]), np.full((1, size), FIRST), np.full(size, AS_OF), np.zeros(size, np.int64))
    window = Window([state(flows, "CAB")], sight, "day", [state(stated, "ABC")])
    return np.array([AGGREGATES[name].finish(window) for name in NAMES]).T


def held(account: int, day: int, flows: dict, stated: dict) -> int | None:
    """Return what an account holds at the end of a day: from the nearest statement before it, else after it."""
    before = [at for (one, at) in stated if one == account and at <= day]
    after = [at for (one, at) in stated if one == account and at > day]
    if not before and not after:
        return None
    at = max(before) if before else min(after)
    low, high = sorted((at, day))
    between = sum(amount for (one, when), amount in flows.items() if one == account and low < when <= high)
    return stated[account, at] + (between if at <= day else -between)


def walk(row: int, flows: dict, stated: dict) -> list[float]:
    """Return the four answers of a row."""
    mine, said = ({(a, day): amount for (r, a, day), amount in some.items() if r == row} for some in (flows, stated))
    accounts = {account for account, _ in (*mine, *said)}
    first = min((day for _, day in (*mine, *said)), default=AS_OF)
    ends = [[held(account, day, mine, said) for account in accounts] for day in range(first, AS_OF)]
    if not ends or None in ends[0]:
        return [math.nan] * 4
    sums = [sum(end) for end in ends]
    p10 = sorted(sums)[math.ceil(len(sums) / 10) - 1]
    return [sum(sums) / len(sums), p10, sum(one < balances.LOW_FEN for one in sums), sum(one < 0 for one in sums)]


@settings(max_examples=150, deadline=None)
@given(DAYS, DAYS)
def test_running_balances_equal_a_walk_day_by_day(flows, stated):
    many = answers(flows, stated)
    for row in range(SIZE):
        np.testing.assert_array_equal(many[row], walk(row, flows, stated))
        mine, said = ({(0, *key[1:]): amount for key, amount in some.items() if key[0] == row} for some in (flows, stated))
        np.testing.assert_array_equal(answers(mine, said, 1)[0], many[row])


def test_the_walk_catches_a_balance_that_begins_at_nothing(monkeypatch):
    """Planted bug: an account that is forgotten before its first statement, as `daily_balance_mean` has it."""
    flows, stated = {(0, 0, FIRST): 500}, {(0, 1, FIRST + 3): 70, (0, 0, FIRST + 5): 900}
    assert answers(flows, stated)[0].tolist() == walk(0, flows, stated) == [970, 970, 12, 0]
    monkeypatch.setitem(AGGREGATES._things, NAMES[0], AGGREGATES["daily_balance_mean"])
    assert answers(flows, stated)[0].tolist() != walk(0, flows, stated)


def test_an_account_without_a_statement_leaves_the_row_without_an_answer():
    flows = {(0, 0, FIRST): 500, (1, 0, FIRST): 500}
    stated = {(0, 0, FIRST): 500, (1, 1, FIRST): 7}
    assert np.isnan(answers(flows, stated)).tolist() == [[False] * 4, [True] * 4, [True] * 4]


def test_engines_agree_on_running_balances():
    flow = Part("bank_entry", value="case when direction = 'in' then amount_fen else -amount_fen end", by="account_id")
    said = Part("bank_entry", "balance_fen is not null", "balance_fen", "account_id")
    wide = {"lo": -(10**17), "hi": 10**17, "sign": 0, "why": "for a test", "en": "{value}", "zh": "{value}", "unit": "fen"}
    features = FeatureSet(
        "running", tuple(Feature(name=name, aggregate=name, of=flow, against=said, days=90, **wide) for name in NAMES)
    )
    spine = Spine(("S1", "S2", "nobody"), (1_577_808_000, 1_570_000_000, 1_577_808_000))
    records = random_records(["bank_entry"], 5, rows=300, subjects=("S1", "S2"), since=1_560_000_000, until=1_577_000_000)
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append(records)
        plan = make_plan(features)
        one, many = (finish(features, spine, engine.fold(plan, spine, book.view(), HOME), HOME) for engine in (numpy, duckdb))
    assert [one.row(at) for at in range(3)] == [many.row(at) for at in range(3)]
    assert one.known[0].all()
    assert not one.known[2].any()
