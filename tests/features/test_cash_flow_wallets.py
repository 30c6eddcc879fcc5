"""Laws of money that comes by way of wallets: what is lent there is no income, what is repaid there is service of debt."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.errors import InputError
from weilend.core.ids import content_hash
from weilend.core.plan import Spine
from weilend.core.records import KINDS
from weilend.engine import duckdb
from weilend.engine.book import Book
from weilend.features.cash_flow import DEBT_SERVICE, INFLOW_WITH_WALLETS, NET_CASH_WITH_WALLETS, OWED_IN_WALLETS
from weilend.features.compute import finish
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.sets import LIBRARY
from weilend.features.spec import Feature
from weilend.testing.facts import HOME, fact, measure_facts
from weilend.testing.records import as_table

AS_OF = date(2020, 7, 1)
MONTHS = [date(2020, month, 9) for month in range(1, 7)]
INFLOW, NET, SERVICE, COVER = NAMES = (
    "inflow_with_wallets_fen_12m", "net_cash_with_wallets_fen_12m", "debt_service_with_wallets_fen_12m",
    "debt_cover_with_wallets_12m",
)  # fmt: skip
FEATURES = tuple(LIBRARY[name] for name in NAMES)
yuan = st.integers(0, 90_000)


class Month(msgspec.Struct, frozen=True):
    """What a month of a firm with a shop brought, in yuan: at the counter and in the shop, goods bought there, and its debts."""

    counter: int
    sold: int
    goods: int
    lent: int = 0
    repaid: int = 0
    interest: int = 0
    on_credit: bool = False

    @property
    def without_debts(self) -> Month:
        """The same trade of a firm that borrows nothing."""
        return Month(self.counter, self.sold, self.goods)


def bank(on: date, amount: int, other: str, nature: str, **more) -> dict:
    said = {"business_id": "E1", "account_id": "B", "counterparty_kind": other, "nature": nature, "has_time": False}
    way = "in" if amount >= 0 else "out"
    return fact("bank_entry", on, **said, direction=way, amount_fen=100 * abs(amount), **more)


def bill(on: date, amount: int, nature: str, way: str = "neutral", **more) -> dict:
    said = {"business_id": "E1", "account_id": "W", "wallet": "alipay", "status": "done", "counterparty_id": "C"}
    return fact("wallet_entry", on, **{**said, "nature": nature, "direction": way, "amount_fen": 100 * amount, **more})


def facts_of(months: list[Month]) -> dict[str, list[dict]]:
    """Statements and bills of a firm whose wallet is emptied into the bank, or filled from it, month by month."""
    lines, bills = [], []
    for on, month in zip(MONTHS, months, strict=False):
        paid = 0 if month.on_credit else month.goods
        left = month.sold - paid + month.lent - month.repaid - month.interest
        lines += [bank(on, month.counter, "business", "trade", counterparty_id="C"), bank(on, left, "wallet", "transfer")]
        bills += [
            bill(on, month.sold, "sale", "in"),
            bill(on, month.goods, "purchase", "out", pay_method="credit" if month.on_credit else "balance"),
            bill(on, month.lent, "loan_in"),
            bill(on, month.repaid, "loan_out"),
            bill(on, month.interest, "interest", "out"),
            bill(on, abs(left), "withdraw" if left >= 0 else "top_up"),
        ]
    return {"bank_entry": lines, "wallet_entry": bills}


def say(months: list[Month], features: tuple[Feature, ...] = FEATURES) -> dict[str, int | None]:
    return measure_facts(features, facts_of(months), AS_OF)


def blind(feature: Feature) -> Feature:
    """A feature that asks the bank alone, as one that has not heard of a platform's credit would."""
    return msgspec.structs.replace(feature, **dict(zip(("of", "against"), feature.parts, strict=False)))


trading = st.builds(Month, counter=yuan, sold=yuan, goods=yuan, lent=yuan, repaid=yuan, interest=yuan, on_credit=st.booleans())


@settings(max_examples=8, deadline=None)
@given(st.lists(trading, min_size=1, max_size=4))
def test_law_what_is_lent_and_repaid_in_a_wallet_moves_neither_income_nor_what_is_left(months):
    """Held against a twin who trades alike and owes nobody: the bank sees other sums, and both features the same."""
    debtor, twin = say(months), say([month.without_debts for month in months])
    assert [debtor[name] for name in (INFLOW, NET)] == [twin[name] for name in (INFLOW, NET)]
    assert debtor[SERVICE] == 100 * sum(month.repaid + month.interest for month in months)
    assert twin[SERVICE] == 0


BORROWER = [Month(1_000, 5_000, 2_000, lent=40_000), Month(1_000, 5_000, 2_000, repaid=3_000, interest=500, on_credit=True)]


def test_planted_bug_asking_the_bank_alone_takes_a_loan_for_sales():
    assert [say(BORROWER)[name] for name in NAMES] == [800_000, 800_000, 350_000, 2_285_714]
    told = say(BORROWER, tuple(map(blind, FEATURES)))
    assert told[INFLOW] == told[NET] == 4_650_000
    assert (told[SERVICE], told[COVER]) == (0, None)


@pytest.mark.parametrize(
    ("of", "told"),
    [(INFLOW_WITH_WALLETS, 800_000), (NET_CASH_WITH_WALLETS, 800_000), (DEBT_SERVICE, 0), (OWED_IN_WALLETS, -3_850_000)],
)
def test_each_part_by_itself(of, told):
    """Lent 40,000 and 2,000 of goods on credit; repaid 3,000 at 500: together 38,500 were borrowed."""
    feature = msgspec.structs.replace(LIBRARY[INFLOW], of=of)
    assert say(BORROWER, (feature,))[INFLOW] == told


def test_without_a_bill_there_is_what_the_bank_says_and_without_a_bank_nothing():
    facts = facts_of(BORROWER)
    assert measure_facts(FEATURES, {"bank_entry": facts["bank_entry"]}, AS_OF)[INFLOW] == 4_650_000
    assert set(measure_facts(FEATURES, {"wallet_entry": facts["wallet_entry"]}, AS_OF).values()) == {None}


def test_lines_that_did_not_go_through_and_credit_cards_are_no_loans():
    facts = facts_of([Month(1_000, 5_000, 2_000)])
    more = [
        bill(MONTHS[0], 9_000, "loan_in", status="pending"),
        bill(MONTHS[0], 9_000, "loan_out", status="closed"),
        bill(MONTHS[0], 9_000, "interest", "in"),
        bill(MONTHS[0], 9_000, "purchase", "out", pay_method="credit_card"),
    ]
    told = measure_facts(FEATURES, {**facts, "wallet_entry": [*facts["wallet_entry"], *more]}, AS_OF)
    assert [told[name] for name in (INFLOW, NET, SERVICE)] == [400_000, 400_000, 0]


def test_many_subjects_are_told_what_one_is(tmp_path):
    """More spine rows than are finished together: the other way through `finish`, in blocks."""
    facts = {
        kind: [{**row, "business_id": name} for name in ("E1", "E2") for row in rows]
        for kind, rows in facts_of(BORROWER).items()
    }
    book = Book.open(tmp_path / "book", calendar=HOME)
    book.append({kind: as_table(KINDS[kind], rows) for kind, rows in facts.items()})
    names = ("E2", *(f"N{number}" for number in range(80)), "E1")
    features, spine = FeatureSet("many", FEATURES), Spine(names, (HOME.start_of(AS_OF),) * len(names))
    table = finish(features, spine, duckdb.fold(make_plan(features), spine, book.view(), HOME), HOME)
    assert table.row(0).values == table.row(len(names) - 1).values == say(BORROWER)
    assert set(table.row(1).values.values()) == {None}


@pytest.mark.parametrize("name", NAMES)
def test_a_card_keeps_every_part(name):
    kept = msgspec.json.decode(msgspec.json.encode(LIBRARY[name]), type=Feature)
    assert kept == LIBRARY[name]
    assert content_hash(kept) == content_hash(LIBRARY[name]) != content_hash(blind(LIBRARY[name]))


def test_what_tells_parties_apart_is_of_one_kind():
    odd = msgspec.structs.replace(LIBRARY["payers_12m"], of=(LIBRARY["payers_12m"].of, OWED_IN_WALLETS))
    with pytest.raises(InputError, match="does more than add up"):
        make_plan(FeatureSet("odd", (odd,)))
