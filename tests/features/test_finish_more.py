"""Aggregates that the invoice features do not use yet, and windows in days: against a plain oracle, on both engines, merged."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import Spine
from weilend.engine import duckdb, numpy
from weilend.engine.book import Book
from weilend.features.compute import finish
from weilend.features.finish import AGGREGATES
from weilend.features.plans import SEEN_DAYS, FeatureSet, make_plan
from weilend.features.sets import FEATURE_SETS
from weilend.features.spec import Feature, Part
from weilend.testing.invoices import FIRST_DAY, HOME, Invoice, as_records, invoices

ONE = 1_000_000
WIDE = {"lo": -(10**17), "hi": 10**17, "sign": 0, "why": "for a test", "en": "{value}", "zh": "{value}", "unit": "fen"}
SALES = Part("invoice", "direction = 'sale'", "net_fen", "counterparty_id")
BY_VALUE = Part("invoice", "direction = 'sale'", "net_fen", "net_fen")
PURCHASES = Part("invoice", "direction = 'purchase'", "net_fen", "counterparty_id")


def feature(aggregate: str, *, of: Part = SALES, against: Part | None = None, **window: int) -> Feature:
    reach = window or {"months": 12}
    name = f"{aggregate}_{'_'.join(map(str, reach.values()))}{'d' if 'days' in reach else 'm'}"
    return Feature(name=name, aggregate=aggregate, of=of, against=against, **reach, **WIDE)


FEATURES = (
    *(feature(name) for name in ("least", "most", "first", "last", "std", "change_of_value", "busiest_hour_share")),
    *(feature(name, of=BY_VALUE) for name in ("p10", "median", "p90", "share_of_most_common")),
    *(feature(name, against=PURCHASES) for name in ("difference", "log_ratio", "same_day_share", "shared_share")),
    *(feature(name, days=days) for name in ("sum", "count", "distinct", "active_days", "std", "least") for days in (7, 90)),
    feature("difference", against=PURCHASES, days=90),
    feature("median", of=BY_VALUE, days=90),
)
#: No feature uses these yet; `test_finish_running` holds them against an oracle of its own.
ELSEWHERE = {f"running_balance_{what}" for what in ("mean", "p10", "low_days", "overdrawn_days")}
MORE = FeatureSet("more", FEATURES)


def rank(values: list[int], percent: int) -> int | None:
    ordered = sorted(values)
    return ordered[math.ceil(Fraction(percent * len(ordered), 100)) - 1] if ordered else None


def ratio(above: float, below: float) -> float | None:
    return above / below * ONE if below > 0 else None


def same_day(came: list[Invoice], went: list[Invoice]) -> float | None:
    sums = [Counter[int](), Counter[int]()]
    for side, facts in zip(sums, (came, went), strict=True):
        for fact in facts:
            side[fact.day] += fact.net
    turned = sum(min(amount, sums[1][day]) for day, amount in sums[0].items() if amount > 0 and sums[1][day] > 0)
    return ratio(turned, sum(max(amount, 0) for amount in sums[0].values()))


def spread(values: list[int]) -> float | None:
    n = len(values)
    return math.sqrt(Fraction(n * sum(v * v for v in values) - sum(values) ** 2, n * n)) if n else None


def by_party(facts: list[Invoice], slots) -> Counter[tuple[str, int]]:
    sums: Counter[tuple[str, int]] = Counter()
    for fact, slot in zip(facts, slots, strict=True):
        sums[fact.party, slot] += fact.net
    return sums


def shared(sales: list[Invoice], months: list[int], buys: list[Invoice]) -> float | None:
    groups = by_party(sales, months)
    there = {fact.party for fact in buys}
    positive = {key: max(amount, 0) for key, amount in groups.items()}
    return ratio(sum(amount for (party, _), amount in positive.items() if party in there), sum(positive.values()))


def expected(name: str, facts: list[Invoice], as_of: int) -> float | None:
    """Return what a feature should be, from invoices one by one."""
    aggregate, _, reach = name.rpartition("_")
    inside = [fact for fact in facts if in_reach(fact, reach, as_of)]
    sales = [fact for fact in inside if fact.direction == "sale"]
    buys = [fact for fact in inside if fact.direction == "purchase"]
    values = [fact.net for fact in sales]
    days = Counter(fact.day for fact in sales)
    return {
        "least": lambda: min(values, default=None),
        "most": lambda: max(values, default=None),
        "first": lambda: min(sales, key=lambda f: (f.day, facts.index(f))).net if sales else None,
        "last": lambda: max(sales, key=lambda f: (f.day, facts.index(f))).net if sales else None,
        "change_of_value": lambda: (
            (expected(f"last_{reach}", facts, as_of) - expected(f"first_{reach}", facts, as_of)) if sales else None
        ),
        "std": lambda: spread(values),
        "busiest_hour_share": lambda: ratio(max(days.values(), default=0), len(sales)),
        "p10": lambda: rank(values, 10),
        "median": lambda: rank(values, 50),
        "p90": lambda: rank(values, 90),
        "share_of_most_common": lambda: ratio(max(Counter(values).values(), default=0), len(values)),
        "difference": lambda: sum(values) - sum(fact.net for fact in buys),
        "log_ratio": lambda: log_ratio(sum(values), sum(fact.net for fact in buys)),
        "same_day_share": lambda: same_day(sales, buys),
        "shared_share": lambda: shared(sales, [month_of(fact) for fact in sales], buys),
        "sum": lambda: sum(values),
        "count": lambda: len(values),
        "distinct": lambda: len({fact.party for fact in sales}),
        "active_days": lambda: len(days),
    }[aggregate]()


def log_ratio(above: int, below: int) -> float | None:
    return math.log(above / below) * ONE if above > 0 and below > 0 else None


def month_of(fact: Invoice) -> int:
    return HOME.month_of(HOME.start_of(FIRST_DAY + timedelta(days=fact.day)))


def in_reach(fact: Invoice, reach: str, as_of: int) -> bool:
    if reach.endswith("d"):
        return fact.day >= as_of - int(reach[:-1])
    age = HOME.month_of(HOME.start_of(FIRST_DAY + timedelta(days=as_of))) - 1 - month_of(fact)
    return 0 <= age < int(reach[:-1])


def test_every_aggregate_is_used_by_a_feature_or_tested_here():
    used = {one.aggregate for one in (*FEATURE_SETS["library"].features, *FEATURES)}
    assert used | ELSEWHERE == set(AGGREGATES)


@settings(max_examples=60, deadline=None)
@given(invoices(("E1",), size=40), st.integers(200, 1300))
def test_more_features_equal_the_oracle_on_both_engines(facts, day):
    facts = [fact for fact in {(f.direction, f.number, f.day): f for f in facts}.values() if fact.day + fact.late < day]
    plan, spine = make_plan(MORE), Spine(("E1",), (HOME.start_of(FIRST_DAY + timedelta(days=day)),))
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append({"invoice": as_records(facts)})
        many, one = (
            finish(MORE, spine, engine.fold(plan, spine, book.view(), HOME), HOME).row(0) for engine in (duckdb, numpy)
        )
    assert many == one
    asked = [fact for fact in facts if day - fact.day <= SEEN_DAYS]
    seen = {"d": bool(asked), "m": any(in_reach(fact, f"{SEEN_DAYS}m", day) for fact in asked)}  # a month wants a complete one
    for name, value in one.values.items():
        answer = expected(name, facts, day) if seen[name[-1]] else None
        assert value is None if answer is None else value == pytest.approx(answer, rel=1e-9, abs=0.500001), name


@settings(max_examples=25, deadline=None)
@given(invoices(("E1",), size=20), invoices(("E1",), size=20), st.integers(600, 1300))
def test_extremes_squares_firsts_and_lasts_merge(left, right, day):
    """Two halves of one business's records, folded apart and merged, are the whole; seq comes from one book."""
    facts = list({(f.direction, f.number, f.day): f for f in (*left, *right)}.values())
    plan, spine = make_plan(MORE), Spine(("E1",), (HOME.start_of(FIRST_DAY + timedelta(days=day)),))
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append({"invoice": as_records(facts)})
        view = book.view()
        whole = numpy.fold(plan, spine, view, HOME)
        columns = numpy.read_columns(plan.folds, "E1", spine.as_of[0], view)
        month, size = HOME.month_of(spine.as_of[0]), len(columns["seq"])
        halves = [
            numpy.fold_rows(plan.folds, {name: column[part] for name, column in columns.items()}, 0, spine.as_of[0], month)
            for part in (slice(0, size // 2), slice(size // 2, size))
        ]
    merged = finish(MORE, spine, numpy.merge(*halves), HOME)
    assert merged.row(0) == finish(MORE, spine, whole, HOME).row(0)


def test_a_feature_needs_one_window():
    with pytest.raises(Exception, match="needs a window"):
        feature("sum", months=3, days=7)
