"""In: a world. Out: what it makes beside what is known in public, with the gap. Used: by the audit and the page of a world."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.money import PPM
from weilend.core.registry import Registry

#: Reads some columns of a kind of record of the whole book.
Read = Callable[[str, list[str]], pa.Table]
#: The pattern that many honest firms commit a little: asking several lenders at once.
MILD: Final = "stacking"


class Seen(msgspec.Struct, frozen=True, eq=False):
    """A world as an auditor sees it: its `records` and its `truth` by table, told over `months`."""

    read: Read
    truth: dict[str, pa.Table]
    months: int


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A public figure, or the range of those there are.

    >>> facts()["take_up"].lo
    550000
    """

    name: str
    about: str
    zh: str
    lo: int
    hi: int
    unit: Literal["ppm", "fen"]
    source: str


class Marginal(msgspec.Struct, frozen=True):
    """A public fact and what the world makes of it; `gap` is how far outside the range it lies, signed, in ppm of the nearer end.

    >>> Marginal(facts()["take_up"], 610_000).gap
    0
    """

    fact: Fact
    found: int

    @property
    def gap(self) -> int:
        """How far outside the range, in ppm of the end passed; 0 inside."""
        if self.found < self.fact.lo:
            return (self.found - self.fact.lo) * PPM // self.fact.lo
        return max(self.found - self.fact.hi, 0) * PPM // self.fact.hi


MAKERS: Registry[Callable[[Seen], float]] = Registry("marginal of the economy")


@cache
def facts() -> dict[str, Fact]:
    """Return the public facts in the order of their file.

    >>> list(facts())[0]
    'sole_traders'
    """
    said = tomllib.loads((files("weilend.economy.audit") / "facts.toml").read_text("utf-8"))
    return {name: msgspec.convert({"name": name, **entry}, Fact) for name, entry in said.items()}


def measure(world: Seen) -> tuple[Marginal, ...]:
    """Return every public fact with what the world makes of it."""
    return tuple(Marginal(fact, round(MAKERS[name](world))) for name, fact in facts().items())


def _maker(name: str) -> Callable[[Callable[[Seen], float]], Callable[[Seen], float]]:
    return lambda found: MAKERS.add(name, found)


def _share(mask: pa.ChunkedArray | pa.Array) -> float:
    return PPM * float(pc.mean(pc.cast(mask, pa.float64())).as_py() or 0.0)


@_maker("sole_traders")
def _sole_traders(world: Seen) -> float:
    return _share(pc.invert(world.truth["firms"]["is_company"]))


@_maker("exits")
def _exits(world: Seen) -> float:
    firms = world.truth["firms"]
    lived = pc.sum(firms["months_open"]).as_py()
    left = pc.sum(pc.cast(pc.less(pc.fill_null(firms["closed_month"], 10**6), world.months), pa.int64())).as_py()
    return float(PPM * 12 * left / max(lived, 1))


@_maker("bad_rate")
def _bad_rate(world: Seen) -> float:
    return _share(_honest(world)["bad_limit_100_rate_15"])


@_maker("approvals_of_old")
def _approvals(world: Seen) -> float:
    return _share(world.truth["applications"]["approved_of_old"])


@_maker("take_up")
def _take_up(world: Seen) -> float:
    asks = world.truth["applications"]
    return _share(asks.filter(asks["approved_of_old"])["taken_of_old"])


@_maker("late_a_day")
def _late_a_day(world: Seen) -> float:
    due, paid = _instalments(world)
    return PPM * (1 - float((paid <= 0).sum()) / max(due, 1))


@_maker("collected_in_30_days")
def _collected(world: Seen) -> float:
    due, paid = _instalments(world)
    late = due - (paid <= 0).sum()
    return PPM * float(((paid > 0) & (paid <= 30)).sum()) / max(float(late), 1.0)


def _instalments(world: Seen) -> tuple[int, np.ndarray]:
    """Return how many instalments fell due while the loan was still paid, and the days late of those that were paid.

    After the first that stays unpaid the rest of a loan fall due unpaid too, and are no news.
    """
    due = world.read("instalment_due", ["loan_id", "instalment_no"])
    paid = world.read("repayment", ["loan_id", "instalment_no", "late_days"])
    joined = due.join(paid, ["loan_id", "instalment_no"], join_type="left outer")
    missing = joined.filter(pc.is_null(joined["late_days"])).group_by("loan_id").aggregate([("instalment_no", "min")])
    whole = joined.join(missing, "loan_id", join_type="left outer")
    first = pc.fill_null(whole["instalment_no_min"], 10**6)
    news = whole.filter(pc.less_equal(whole["instalment_no"], first))
    return len(news), news["late_days"].drop_null().to_numpy()


@_maker("annual_rate")
def _annual_rate(world: Seen) -> float:
    return float(pc.mean(world.read("disbursement", ["annual_rate_ppm"])["annual_rate_ppm"]).as_py() or 0)


@_maker("recovered")
def _recovered(world: Seen) -> float:
    states = world.read("loan_state", ["written_off_fen", "recovered_fen"])
    return PPM * (pc.sum(states["recovered_fen"]).as_py() or 0) / max(pc.sum(states["written_off_fen"]).as_py() or 0, 1)


@_maker("loan_median_sole")
def _loan_sole(world: Seen) -> float:
    return _loan_median(world, company=False)


@_maker("loan_median_company")
def _loan_company(world: Seen) -> float:
    return _loan_median(world, company=True)


def _loan_median(world: Seen, *, company: bool) -> float:
    loans = world.read("disbursement", ["business_id", "principal_fen"])
    loans = loans.join(world.truth["firms"].select(["business_id", "is_company"]), "business_id")
    chosen = loans.filter(pc.equal(loans["is_company"], company))["principal_fen"].to_numpy()
    return float(np.median(chosen)) if len(chosen) else 0.0


@_maker("november")
def _november(world: Seen) -> float:
    return _shop_season(world, 11)


@_maker("february")
def _february(world: Seen) -> float:
    return _shop_season(world, 2)


def _shop_season(world: Seen, month: int) -> float:
    """Return the shop sales of a calendar month over those of a mean month, over whole years."""
    orders = world.read("order", ["happened_on", "paid_fen", "status"])
    paid = orders.filter(pc.equal(orders["status"], "paid"))
    by_month = np.bincount(
        pc.month(paid["happened_on"]).to_numpy(), paid["paid_fen"].to_numpy().astype(np.float64), minlength=13
    )[1:]
    return PPM * float(by_month[month - 1] / max(by_month.mean(), 1))


@_maker("positive_reviews")
def _positive(world: Seen) -> float:
    return float(pc.mean(world.read("shop_snapshot", ["positive_rate_ppm"])["positive_rate_ppm"]).as_py() or 0)


@_maker("void_invoices")
def _void(world: Seen) -> float:
    status = pc.value_counts(world.read("invoice", ["status"])["status"])
    count = {one["values"].as_py(): one["counts"].as_py() for one in status}
    return float(PPM * count.get("void", 0) / max(count.get("valid", 0), 1))  # each void invoice was valid first: two versions


@_maker("tax_rating_a")
def _rating_a(world: Seen) -> float:
    return _rating(world, "A")


@_maker("tax_rating_d")
def _rating_d(world: Seen) -> float:
    return _rating(world, "D")


def _rating(world: Seen, letter: str) -> float:
    rated = (
        world.read("tax_filing", ["business_id", "credit_rating"]).group_by("business_id").aggregate([("credit_rating", "max")])
    )
    return _share(pc.equal(rated["credit_rating_max"], letter))


@_maker("sales_of_top_tenth")
def _top_tenth(world: Seen) -> float:
    sales = np.sort(world.truth["firms"]["usual_sales_fen"].to_numpy())[::-1].astype(np.float64)
    return PPM * float(sales[: max(len(sales) // 10, 1)].sum() / sales.sum())


@_maker("fraud_at_application")
def _fraud(world: Seen) -> float:
    pattern = world.truth["applications"]["pattern"]
    return _share(pc.fill_null(pc.not_equal(pattern, MILD), fill_value=False))


def _honest(world: Seen) -> pa.Table:
    asks = world.truth["applications"]
    return asks.filter(pc.is_null(asks["pattern"]))
