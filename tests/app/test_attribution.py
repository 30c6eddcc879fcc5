"""A decision that comes out otherwise: what turned it, one change at a time."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from weilend.app.desk import attribution
from weilend.app.desk.attribution import Changes, attribute_flips, read_changes
from weilend.app.desk.decide import decide
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.app.desk.steps import DeskSteps, Request
from weilend.core.errors import InputError
from weilend.core.values import Application, Decision, Receipt
from weilend.decision import load_policy
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product
from weilend.models.card import Card, Characteristic, seal
from weilend.testing.invoices import FIRST_DAY, HOME, Invoice, as_records

AS_OF = HOME.start_of(date(2019, 6, 1))
PRODUCT = load_product("enterprise_loan")
FEATURES = FEATURE_SETS[PRODUCT.feature_set]
POLICY = load_policy(PRODUCT.policy)
replace = msgspec.structs.replace


def card(base_points: int) -> Card:
    """A card that gives everybody who sells the same points."""
    sales = next(feature for feature in FEATURES.features if feature.name == "sales_fen_12m")
    item = Characteristic(
        feature=sales, cuts=(0,), points=(-50, 0), null_points=-50, woe_micro=(0, 0), null_woe_micro=0, rows=(1, 1), bads=(0, 0),
        null_rows=1, null_bads=0, coefficient_micro=1, information_micro=1, seen_lo=-10**9, seen_hi=10**12,
    )  # fmt: skip
    made = Card(characteristics=(item,), base_points=base_points, lowest_points=0, pd_ppm=(), prior_ppm=80_000, anchor_ppm=80_000,
                sample_ppm=80_000, rows=1, bads=1, seed=1, strength_micro=1)  # fmt: skip
    return seal(made)


GOOD, POOR = card(600), card(430)


def invoice(day: date, party: str, number: int, *, status: str = "valid", direction: str = "sale", late: int = 0) -> Invoice:
    net = 2_000_000 if direction == "sale" else 1_000_000
    return Invoice("E1", party, direction, number, (day - FIRST_DAY).days, net, status, late)


def months() -> list[date]:
    return [date(year, month, 10) for year in (2017, 2018, 2019) for month in range(1, 13) if (year, month) < (2019, 6)]


@pytest.fixture
def desk(tmp_path) -> Desk:
    """A home in which a steady firm was judged: three years of sales to four customers, purchases to match."""
    made = open_desk(tmp_path / "home")
    sales = [invoice(day, f"C{party}", party) for day in months() for party in range(4)]
    buys = [invoice(day, "S1", 9, direction="purchase") for day in months()]
    made.home.book.append({"invoice": as_records([*sales, *buys])})
    return made


def judge(desk: Desk, steps: type[DeskSteps] = DeskSteps) -> Receipt:
    sealed = Sealed(make_evaluator(PRODUCT, FEATURES), PRODUCT, FEATURES, GOOD)
    keep_sealed(desk.home, sealed, at=0)
    application = Application(application_id="A1", product=PRODUCT.name, business_id="E1", as_of=AS_OF, consent_id="own-data")
    (receipt,) = decide(steps(desk.home, sealed), msgspec.json.encode(Request("R1", (application,))))
    return receipt


def told(desk: Desk, receipt: Receipt, changes: Changes) -> list[tuple[str, str, str]]:
    return [(flip.cause, flip.old, flip.new) for flip in attribute_flips(desk.home, [receipt], changes).flips]


def stricter() -> object:
    parameters = POLICY.parameters | {"min_history_months": replace(POLICY.parameters["min_history_months"], base=36)}
    return replace(POLICY, parameters=parameters)


def test_nothing_turns_where_nothing_changes(desk):
    receipt = judge(desk)
    assert receipt.decision.outcome == "approve"
    assert told(desk, receipt, Changes()) == []
    assert told(desk, receipt, Changes(data=True, features=FEATURES, model=GOOD, policy=POLICY)) == []


def test_a_policy_turns_it(desk):
    assert told(desk, judge(desk), Changes(policy=stricter())) == [("policy", "approve", "refer")]


def test_a_model_turns_it_and_the_policy_after_it_does_not(desk):
    assert told(desk, judge(desk), Changes(model=POOR, policy=stricter())) == [("models", "approve", "decline")]


def test_data_that_came_late_turn_it(desk):
    receipt = judge(desk)
    voids = [invoice(day, "C9", number, status="void") for day in months()[-12:] for number in range(20, 25)]
    desk.home.book.append({"invoice": as_records(voids)})
    assert told(desk, receipt, Changes()) == [], "the receipt is of the book as it stood"
    assert told(desk, receipt, Changes(data=True)) == [("data", "approve", "refer")]


def test_features_turn_it(desk):
    def shorter(feature):
        return replace(feature, months=6) if feature.name == "history_months" else feature

    counted = [replace(one, of=replace(one.of, where="net_fen > 99999999999")) if one.name == "customers_12m" else one
               for one in map(shorter, FEATURES.features)]  # fmt: skip
    assert told(desk, judge(desk), Changes(features=replace(FEATURES, features=tuple(counted)))) == [
        ("features", "approve", "refer")
    ]


def test_what_turns_twice_is_told_twice_and_in_order(desk):
    receipt = judge(desk)
    voids = [invoice(day, "C9", number, status="void") for day in months()[-12:] for number in range(20, 25)]
    desk.home.book.append({"invoice": as_records(voids)})
    lenient = POLICY.parameters | {"max_void_ppm": replace(POLICY.parameters["max_void_ppm"], base=1_000_000)}
    changes = Changes(data=True, policy=replace(POLICY, parameters=lenient))
    assert told(desk, receipt, changes) == [("data", "approve", "refer"), ("policy", "refer", "approve")]


class OlderRuntime(DeskSteps):
    """Decides as if another runtime had: approvals come out as referrals."""

    def decide(self, *given) -> Decision:
        return replace(super().decide(*given), outcome="refer", ceiling_fen=None, floor_rate_ppm=None, months=None)


def test_what_no_change_explains_is_the_runtime(desk):
    assert told(desk, judge(desk, OlderRuntime), Changes(policy=stricter())) == [
        ("policy", "approve", "refer"),
        ("runtime", "refer", "approve"),
    ]


def test_other_amounts_are_counted_apart(desk):
    lower = POLICY.parameters | {"sales_capacity_ppm": replace(POLICY.parameters["sales_capacity_ppm"], base=200_000)}
    found = attribute_flips(desk.home, [judge(desk)], Changes(policy=replace(POLICY, parameters=lower)))
    assert (found.of, found.flips, found.moved) == (1, (), 1)


def test_a_planted_wrong_order_is_seen(desk, monkeypatch):
    """Were the policy changed before the model, it would be blamed for what the model had turned already."""

    def wrong(sealed, changes):
        yield "policy", attribution._changed(sealed, policy=changes.policy)
        yield "models", attribution._changed(sealed, policy=changes.policy, model=changes.model)

    monkeypatch.setattr(attribution, "_stages", wrong)
    assert told(desk, judge(desk), Changes(model=POOR, policy=stricter())) != [("models", "approve", "decline")]


WRONG = {
    "policy": "'policy' is no change that a replay can make",
    "wind=east": "'wind=east' is no change",
    "data=2019": "data='2019' is not known",
    "lists=now": "asks the lists as they stood",
    "features=none": "no feature set 'none'",
    "model=zz": "0 models are called 'zz'",
    "policy=nowhere": "no policy 'nowhere'",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_change_that_is_none_is_refused(text, desk):
    with pytest.raises(InputError) as refused:
        read_changes(desk.home, [text], at=0)
    assert WRONG[text] in str(refused.value)


def test_changes_are_read_once(desk):
    judge(desk)
    read = read_changes(desk.home, ["model=newest", "data=now", "features=invoice", "policy=enterprise_loan"], at=0)
    assert (read.model, read.data, read.features, read.policy) == (GOOD, True, FEATURE_SETS["invoice"], POLICY)
    with pytest.raises(InputError, match="data is changed twice"):
        read_changes(desk.home, ["data=now", "data=now"], at=0)
