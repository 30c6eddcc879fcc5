"""A product that learns from its own loans: who came of age, seen when they asked, becomes a model."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from random import Random

import pytest

from weilend.app.desk import desk as desks
from weilend.app.desk.desk import open_desk
from weilend.app.desk.models.modelling import LIMITS, OWN_LIMITS, Training
from weilend.app.desk.models.trial import outcomes_of
from weilend.core.errors import NotFoundError
from weilend.core.plan import Spine
from weilend.core.values import Application
from weilend.lending import load_product
from weilend.testing.loans import BOOKED_ON, Fact, as_tables, fact, later, loan, state

SELLER = "ecommerce_seller_loan"
GROWN, BADS, DAY = 45, 15, "2021-03-01"
SELLERS = [f"E{number:02}" for number in range(GROWN)]
RECEIPTS = "wallet_receipts_fen_12m"


def sales(name: str, place: int, is_bad: bool) -> list[Fact]:
    """A year of sales before the loan, and after it what would tell everything: a bad seller sells no more.

    Before it four bad sellers in five sell less and pay more back, and one good one in five.
    """
    dice, said = Random(place), {"business_id": name, "account_id": name, "wallet": "alipay", "status": "done"}
    is_weak = (place % 5 == 0) != is_bad
    told = []
    for month in range(1 if is_bad else -6, 13):
        day, fen = (
            BOOKED_ON - timedelta(30 * month + dice.randrange(7)),
            dice.randrange(40_000, 100_000 if is_weak else 160_000),
        )
        told.append(fact("wallet_entry", f"{name} {month}", day, **said, direction="in", nature="sale", amount_fen=fen))
        if dice.random() < (0.6 if is_weak else 0.2):
            back = {"direction": "out", "nature": "refund", "amount_fen": fen // 5}
            told.append(fact("wallet_entry", f"{name} {month} back", day, **said, **back))
    return told


def of_seller(facts: list[Fact]) -> list[Fact]:
    return [(kind, {**row, **({"product": SELLER} if "product" in row else {})}) for kind, row in facts]


def borrowed(name: str, place: int, is_bad: bool) -> list[Fact]:
    told = loan(f"L{name}", business=name, owner=f"O{name}")
    told += [state(later(BOOKED_ON, months=8), 95 if is_bad else 0, name=f"L{name}", business=name, owner=f"O{name}")]
    return told + sales(name, place, is_bad)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = open_desk(tmp_path_factory.mktemp("own") / "home")
    facts = [one for place, name in enumerate(SELLERS) for one in borrowed(name, place, place < BADS)]
    again = loan("LE40 again", on=later(BOOKED_ON, months=1), business="E40", owner="OE40")
    young = [*loan("LY1", on=date(2020, 12, 1), business="Y1", owner="OY1"), *sales("Y1", 3, False)]
    turned_away = loan("LT1", business="T1", owner="OT1")[:1]
    desk.home.book.append(as_tables(of_seller([*facts, *again, *young, *turned_away])))
    return desk


def test_who_is_known_and_who_only_asked(desk):
    """Each business once: its first loan, as it stood when it was asked for; the young and those turned away have only asked."""
    found = desk.population(SELLER, DAY)
    assert set(found.known.names) == set(SELLERS)
    assert sorted(found.labels.bad) == sorted(
        name for name, bad in zip(found.known.names, found.bad(), strict=True) if bad >= 0
    )
    assert int(found.bad().sum()) == BADS
    assert set(found.known.features.spine.as_of) == {desk.home.calendar.end_of(later(BOOKED_ON, days=-1))}
    assert set(found.applicants.names) == {"Y1", "T1"}
    assert (
        desk.home.calendar.start_of(date(2021, 1, 1)) < found.labels.known_at <= desk.home.calendar.start_of(date(2021, 3, 1))
    )


def test_what_came_after_the_application_is_not_seen(desk):
    """Planted: whoever looks at the day of building instead sees that the bad ones sell no more."""
    found = desk.population(SELLER, DAY)
    asked = found.known.amounts(RECEIPTS)
    assert min(asked.values()) > 0
    today = Spine(found.known.names, (desk.home.calendar.start_of(date(2021, 3, 1)),) * GROWN)
    seen = desk.features(SELLER, today).column(RECEIPTS)
    assert [not fen for fen in seen] == found.bad().astype(bool).tolist()


def test_before_any_loan_came_of_age_there_is_nothing_to_learn(desk):
    with pytest.raises(NotFoundError, match="of 46 loans of ecommerce_seller_loan none has come of age"):
        desk.population(SELLER, "2020-06-01")


def test_a_sellers_model_is_built_and_kept(desk, monkeypatch):
    monkeypatch.setattr(desks, "Training", partial(Training, seeds=(1,)))  # one seed instead of twenty: the hour of validation
    study = desk.build_model(SELLER, DAY)
    assert (study.card.rows, study.card.bads) == (GROWN, BADS)
    assert (study.about.label, study.about.name, study.about.assumed_known) == ("default", "pd_seller", False)
    assert study.about.limits[1:] == OWN_LIMITS != LIMITS
    assert study.figures.auc.estimate_ppm > 600_000
    assert desk.model(SELLER) == study.card


def test_a_shadow_is_judged_by_what_became_of_each_loan(desk):
    """Two loans of one business are two outcomes, each of its own application; who is young or was turned away has none."""
    asked = [
        Application(application_id=name, product=SELLER, business_id=business, as_of=0, consent_id="own-data")
        for name, business in (("A-LE00", "E00"), ("A-LE40", "E40"), ("A-LE40 again", "E40"), ("A-LY1", "Y1"), ("A-LT1", "T1"))
    ]
    at = desk.home.calendar.start_of(date(2021, 3, 1))
    assert outcomes_of(desk.home, load_product(SELLER), asked, as_of=at) == {0: 1, 1: 0, 2: 0}


def test_features_of_own_loans_can_be_audited(desk):
    assert not desk.audit_features(SELLER, DAY).sees_future
