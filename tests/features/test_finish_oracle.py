"""Every aggregate against a plain-Python oracle that reads invoices one by one."""

from __future__ import annotations

import math
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.calendars import first_of_month, month_index
from weilend.core.plan import Spine
from weilend.engine import duckdb as engine
from weilend.engine.book import Book
from weilend.features.compute import finish
from weilend.features.plans import make_plan
from weilend.features.sets import INVOICE
from weilend.testing.invoices import FIRST_DAY, HOME, Invoice, as_records, invoices

ONE = 1_000_000


class Firm:
    """What one firm's invoices say at one day, in the slowest and plainest way."""

    def __init__(self, facts: Sequence[Invoice], as_of: date) -> None:
        self.as_of, self.month = as_of, month_index(as_of)
        self.facts = [(fact, FIRST_DAY + timedelta(days=fact.day)) for fact in facts]

    def rows(self, direction: str, months: int, *, sign: int | None = 1, status: str | None = "valid", since: int = 0):
        for fact, day in self.facts:
            age = self.month - 1 - month_index(day)
            right = fact.direction == direction and (status is None or fact.status == status)
            if right and since <= age < months and (sign is None or fact.net * sign > 0):
                yield fact, day, age

    def net(self, direction: str, months: int, **kwargs) -> int:
        return sum(fact.net for fact, _, _ in self.rows(direction, months, **kwargs))

    def by_month(self, months: int, direction: str = "sale") -> list[int]:
        sums = [0] * months
        for fact, _, age in self.rows(direction, months, sign=None):
            sums[age] += fact.net
        return sums

    def by_party(self, direction: str, months: int, **kwargs) -> Counter[str]:
        sums: Counter[str] = Counter()
        for fact, _, _ in self.rows(direction, months, **kwargs):
            sums[fact.party] += fact.net
        return sums

    def shares(self, direction: str = "sale") -> list[float]:
        sums = self.by_party(direction, 12)
        return sorted((amount / sums.total() for amount in sums.values()), reverse=True)

    def days(self, direction: str, months: int) -> list[date]:
        return sorted({day for _, day, _ in self.rows(direction, months)})

    def seen_months(self) -> int:
        ages = [self.month - 1 - month_index(day) for _, day in self.facts]
        return max([age + 1 for age in ages if 0 <= age < 36], default=0)


def ratio(above: float, below: float) -> float | None:
    return above / below * ONE if below > 0 else None


def change(firm: Firm, half: int, direction: str = "sale") -> float | None:
    months = [max(amount, 0) for amount in firm.by_month(2 * half, direction)]
    later, earlier = sum(months[:half]), sum(months[half:])
    return ratio(later - earlier, later + earlier)


def slope(months: list[int]) -> float | None:
    forward = months[::-1]
    middle, mean = (len(months) - 1) / 2, sum(months) / len(months)
    slope = sum((at - middle) * amount for at, amount in enumerate(forward)) / sum(
        (at - middle) ** 2 for at in range(len(months))
    )
    return ratio(slope, mean)


def cv(months: list[int]) -> float | None:
    mean = sum(months) / len(months)
    return ratio(math.sqrt(sum((amount - mean) ** 2 for amount in months) / len(months)), mean)


def gap_days(firm: Firm, direction: str) -> int | None:
    days = firm.days(direction, 12)
    opening = first_of_month(firm.month - 12)
    stops = [opening, *days, firm.as_of]
    return max((later - earlier).days for earlier, later in pairwise(stops)) if days else None


def gap_months(firm: Firm) -> int:
    active = {age for _, _, age in firm.rows("sale", 36)}
    runs = "".join("." if age in active else "x" for age in range(36)).split(".")
    return max(map(len, runs))


def seasonality(firm: Firm) -> float | None:
    months = firm.by_month(24)
    this, before = months[:12], months[12:]
    centred = [[value - sum(part) / 12 for value in part] for part in (this, before)]
    scale = math.prod(math.sqrt(sum(value * value for value in part)) for part in centred)
    return ratio(sum(left * right for left, right in zip(*centred, strict=True)), scale)


def tenure(firm: Firm, direction: str) -> float | None:
    ages: dict[str, list[int]] = defaultdict(list)
    for fact, _, age in firm.rows(direction, 36):
        ages[fact.party].append(age)
    active = [max(seen) + 1 for seen in ages.values() if min(seen) < 12]
    return sum(active) / len(active) if active else None


def new_share(firm: Firm) -> float | None:
    old = {fact.party for fact, _, _ in firm.rows("sale", 36, since=12)}
    sums = firm.by_party("sale", 12)
    return ratio(sum(amount for party, amount in sums.items() if party not in old), sums.total())


def overlap(firm: Firm, direction: str) -> float | None:
    later, earlier = set(firm.by_party(direction, 6)), set(firm.by_party(direction, 12, since=6))
    return ratio(len(later & earlier), len(later | earlier))


def repeat(firm: Firm) -> float | None:
    months: dict[str, set[int]] = defaultdict(set)
    for fact, _, age in firm.rows("sale", 12):
        months[fact.party].add(age)
    return ratio(sum(len(ages) > 1 for ages in months.values()), len(months))


def void_rate(firm: Firm, direction: str, months: int) -> float | None:
    every = list(firm.rows(direction, months, sign=None, status=None))
    return ratio(sum(fact.status == "void" for fact, _, _ in every), len(every))


def since_last(firm: Firm, direction: str) -> int | None:
    days = firm.days(direction, 36)
    return (firm.as_of - days[-1]).days if days else None


def top(firm: Firm, direction: str = "sale", parties: int = 1) -> float | None:
    shares = firm.shares(direction)
    return sum(shares[:parties]) * ONE if shares else None


def best_month(firm: Firm) -> float | None:
    months = [max(amount, 0) for amount in firm.by_month(12)]
    return ratio(max(months), sum(months))


def recent_pace(firm: Firm) -> float | None:
    months = [max(amount, 0) for amount in firm.by_month(12)]
    return ratio(4 * sum(months[:3]), sum(months))


def worst_month(firm: Firm) -> float | None:
    months = [max(amount, 0) for amount in firm.by_month(12)]
    return ratio(12 * min(months), sum(months))


def hhi(firm: Firm, direction: str) -> float | None:
    shares = firm.shares(direction)
    return sum(share**2 for share in shares) * ONE if shares else None


def mean_sale(firm: Firm) -> float | None:
    sales = len(list(firm.rows("sale", 12)))
    return firm.net("sale", 12) / sales if sales else None


def entropy(firm: Firm) -> float | None:
    shares = firm.shares()
    return -sum(share * math.log(share) for share in shares) * ONE if shares else None


ORACLE = {
    "sales_fen_12m": lambda f: f.net("sale", 12, sign=None),
    "purchase_fen_12m": lambda f: f.net("purchase", 12, sign=None),
    "sales_count_12m": lambda f: len(list(f.rows("sale", 12))),
    "sales_mean_fen_12m": mean_sale,
    "sales_months_active_12m": lambda f: len({age for _, _, age in f.rows("sale", 12)}),
    "history_months": lambda f: max((age + 1 for _, _, age in f.rows("sale", 36)), default=0),
    "sales_active_days_12m": lambda f: len(f.days("sale", 12)),
    "days_since_last_sale": lambda f: since_last(f, "sale"),
    "sales_longest_gap_days_12m": lambda f: gap_days(f, "sale"),
    "purchase_longest_gap_days_12m": lambda f: gap_days(f, "purchase"),
    "sales_longest_gap_months_36m": gap_months,
    "sales_change_12m": lambda f: change(f, 6),
    "sales_change_24m": lambda f: change(f, 12),
    "sales_slope_12m": lambda f: slope(f.by_month(12)),
    "sales_slope_24m": lambda f: slope(f.by_month(24)),
    "sales_recent_pace_12m": recent_pace,
    "sales_cv_12m": lambda f: cv(f.by_month(12)),
    "sales_best_month_share_12m": best_month,
    "sales_worst_month_12m": worst_month,
    "sales_seasonality_24m": seasonality,
    "sales_void_rate_12m": lambda f: void_rate(f, "sale", 12),
    "purchase_void_rate_12m": lambda f: void_rate(f, "purchase", 12),
    "sales_red_rate_12m": lambda f: ratio(-f.net("sale", 12, sign=-1), f.net("sale", 12)),
    "purchase_to_sales_12m": lambda f: ratio(abs(f.net("purchase", 12, sign=None)), f.net("sale", 12, sign=None)),
    "customers_12m": lambda f: len(f.by_party("sale", 12)),
    "top_customer_share_12m": top,
    "top_five_customers_share_12m": lambda f: top(f, parties=5),
    "top_supplier_share_12m": lambda f: top(f, "purchase"),
    "customer_hhi_12m": lambda f: hhi(f, "sale"),
    "customer_entropy_12m": entropy,
    "customer_overlap_12m": lambda f: overlap(f, "sale"),
    "supplier_overlap_12m": lambda f: overlap(f, "purchase"),
    "customer_repeat_rate_12m": repeat,
    "customer_tenure_36m": lambda f: tenure(f, "sale"),
    "new_customer_share_36m": new_share,
}


def test_every_aggregate_that_invoices_use_has_an_oracle():
    assert {INVOICE[name].aggregate for name in ORACLE} == {feature.aggregate for feature in INVOICE.features}


@settings(max_examples=40, deadline=None)
@given(invoices(("E1",), size=60), st.integers(200, 1300))
def test_features_equal_the_oracle(facts, day):
    facts = [fact for fact in {(f.direction, f.number, f.day): f for f in facts}.values() if fact.day + fact.late < day]
    as_of = FIRST_DAY + timedelta(days=day)
    firm = Firm(facts, as_of)
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append({"invoice": as_records(facts)})
        spine = Spine(("E1",), (HOME.start_of(as_of),))
        row = finish(INVOICE, spine, engine.fold(make_plan(INVOICE), spine, book.view(), HOME), HOME).row(0)
    for name, oracle in ORACLE.items():
        feature, expected = INVOICE[name], oracle(firm)
        if expected is None or firm.seen_months() < max(feature.history_months, 1):
            assert row.values[name] is None, name
        else:
            clipped = min(max(expected, feature.lo), feature.hi)
            assert row.values[name] == pytest.approx(clipped, rel=1e-9, abs=0.500001), name
