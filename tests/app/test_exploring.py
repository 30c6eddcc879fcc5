"""Exploring keeps its budget of a month: read from the book, sealed in the receipt, closed for everybody when it is spent."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import msgspec
import pytest

from weilend.app.desk import exploring
from weilend.app.desk.exploring import spent_fen, with_spent
from weilend.core.errors import PolicyError, ReplayError
from weilend.core.money import PPM
from weilend.core.records import Field
from weilend.core.values import NO_STANDING, Application, Decision, FeatureRow, FraudVerdict, Offer, Receipt, Score, Standing
from weilend.decision import Evaluator, Policy, compile_policy, dump_policy, replay, restore_policy, seal, seals
from weilend.decision.checks import check_policy_file
from weilend.decision.example import example_policy
from weilend.decision.parts import Arm, Experiment, Limit, LossBudget, Rule
from weilend.decision.policy import identify
from weilend.testing.loans import HOME, fact, loan, state, view_of

LOOK, ONE = 10_000_000, 3_000_000  # what an explored loan is at most, and is taken to lose
BUDGET = LossBudget(month_fen=5 * ONE, limit="look_fen", expected_loss_ppm=300_000)
JANUARY, MARCH = date(2025, 1, 10), date(2025, 3, 20)
replace = msgspec.structs.replace


def explore(**changes: object) -> Experiment:
    arms = (
        Arm(name="no", share_ppm=500_000, values={"lend_count": 0, "look_fen": 10**12}),
        Arm(name="yes", share_ppm=500_000, values={"lend_count": 1, "look_fen": LOOK}),
    )
    made = Experiment(name="explore", salt="x", when="grade = 'B'", exploration=True, arms=arms, budget=BUDGET)
    return replace(made, **changes)


def policy_of(experiment: Experiment) -> Policy:
    """Grade B is declined, but for half of the owners, who are lent a little to learn."""
    policy = example_policy()
    weak = Rule(id="weak", class_="hard_stop", topic="credit", when="grade = 'B' and lend_count = 0", en="weak", zh="弱")
    look = Limit(name="look", formula="look_fen", en="little is lent to learn", zh="试探额度")
    changed = replace(policy, experiments=(experiment,), rules=(*policy.rules, weak), limits=(*policy.limits, look))
    return identify(changed)


POLICY = policy_of(explore())
SALES = Field("sales_fen_12m", "integer", 0, 10**13, unit="fen")


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return compile_policy(POLICY, {SALES.name: SALES}, {"funding_rate_ppm": 50_000}, schedule="equal_instalment")


def row_of(business: str) -> FeatureRow:
    values = {"sales_fen_12m": 80_000_000}
    return FeatureRow(business_id=business, as_of=0, feature_set="f", values=values, newest_days={"order": 1})


SCORE = Score(model_id="m", base_points=500, points=500, pd_ppm=60_000, contributions=())


def decide(evaluator: Evaluator, business: str, standing: Standing) -> Decision:
    return evaluator.decide(row_of(business), FraudVerdict("clear"), SCORE, standing)


def spent(fen: int) -> Standing:
    return Standing(spent_fen={"explore": fen})


# ------------------------------------------------------------------------------------------------------- the decision
@pytest.mark.parametrize(("fen", "is_open"), [(0, True), (4 * ONE, True), (4 * ONE + 1, False), (5 * ONE, False)])
def test_when_the_budget_holds_no_further_loan_nobody_is_explored_and_the_log_says_so(evaluator, fen, is_open):
    found = [decide(evaluator, f"E{number}", spent(fen)) for number in range(60)]
    arms = {one.arms["explore"] for one in found}
    if is_open:
        assert arms == {"no", "yes"}
        assert {(one.outcome, one.arms_chance_ppm, one.chance_ppm) for one in found} == {
            ("approve", 500_000, 500_000), ("decline", 500_000, 500_000)
        }  # fmt: skip
        assert all(one.ceiling_fen <= LOOK for one in found if one.outcome == "approve")
        assert {one.closed for one in found} == {()}
    else:
        assert arms == {"no"}
        assert {(one.outcome, one.arms_chance_ppm, one.chance_ppm) for one in found} == {("decline", PPM, PPM)}
        assert {one.closed for one in found} == {("explore",)}


def test_where_nobody_knows_what_is_spent_nobody_is_explored(evaluator):
    assert {decide(evaluator, f"E{number}", NO_STANDING).closed for number in range(30)} == {("explore",)}


def receipt_of(evaluator: Evaluator, standing: Standing) -> Receipt:
    return seal(
        application=Application(application_id="A", product="example", business_id="E7", as_of=0, consent_id="own-data"),
        book_seq=1,
        sealed=seals(policy=evaluator.policy_id, product="p", model="m", feature_set="f", runtime={"python": "3.11"}),
        features=row_of("E7"), fraud=FraudVerdict("clear"), score=SCORE, decision=decide(evaluator, "E7", standing),
        offer=Offer(status="not_assessed"), standing=standing,
    )  # fmt: skip


def test_the_receipt_seals_what_was_spent_and_replays(evaluator):
    restored = compile_policy(
        restore_policy(dump_policy(POLICY)), {SALES.name: SALES}, {"funding_rate_ppm": 50_000}, schedule="equal_instalment"
    )
    for fen in (0, 5 * ONE):
        replay(receipt_of(evaluator, spent(fen)), restored, lambda row: SCORE)
    receipt = receipt_of(evaluator, spent(5 * ONE))
    content = {name: getattr(receipt, name) for name in receipt.__struct_fields__ if name != "receipt_id"}
    forged = seal(**content | {"standing": spent(0)})
    with pytest.raises(ReplayError, match="decision"):
        replay(forged, evaluator, lambda row: SCORE)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (policy_of(explore(exploration=False)), "a budget of losses without exploring"),
        (policy_of(explore(budget=replace(BUDGET, limit="charm"))), "its arms have no value 'charm'"),
        (replace(POLICY, limits=POLICY.limits[:-1]), "nothing keeps a ceiling within 'look_fen'"),
        (replace(POLICY, limits=(*POLICY.limits[:-1], replace(POLICY.limits[-1], when="pd_ppm > 5"))), "nothing keeps a ceiling"),
    ],
)  # fmt: skip
def test_a_budget_that_bounds_nothing_is_refused(policy, said):
    with pytest.raises(PolicyError, match=said):
        check_policy_file(policy)


def test_a_policy_without_a_budget_keeps_its_identity():
    assert b"budget" not in dump_policy(policy_of(explore(budget=None)))


# ----------------------------------------------------------------------------------------------------------- the book
def decided(name: str, on: date, *, arm: str = "yes", outcome: str = "approve", product: str = "example") -> list:
    ids = {"application_id": f"A-{name}", "business_id": f"E-{name}", "product": product, "receipt_id": f"R-{name}"}
    return [fact("decision", name, on, outcome=outcome, ceiling_fen=LOOK, arms=f"explore={arm} other=a", **ids)]


def cost(view, on: date) -> int:
    return spent_fen(view, "example", POLICY.experiments[0], HOME.end_of(on), HOME)


def test_every_fen_of_a_loss_counts_once_in_the_month_in_which_it_is_committed_or_shows(tmp_path):
    ids = {"name": "L1", "business": "E-L1"}
    view = view_of(
        tmp_path, decided("L1", JANUARY), decided("L2", JANUARY, arm="no"), decided("L3", JANUARY, outcome="decline"),
        decided("L4", JANUARY, product="another"), [loan("L1", on=JANUARY, business="E-L1")[1]],
        [state(date(2025, 2, 28), 40, **ids), state(MARCH, word="written_off", outstanding_fen=0, written_off_fen=5_000_000, **ids),
         state(date(2025, 5, 2), word="recovered", outstanding_fen=0, written_off_fen=5_000_000, recovered_fen=900_000, **ids)],
    )  # fmt: skip
    assert [cost(view, date(2025, month, 25)) for month in range(1, 6)] == [ONE, 0, 2_000_000, 0, 0]
    assert cost(view, JANUARY - timedelta(days=1)) == 0
    settled = view_of(
        tmp_path / "settled", decided("L1", JANUARY), [loan("L1", on=JANUARY, business="E-L1")[1]],
        [state(date(2025, 1, 20), word="settled_early", outstanding_fen=0, **ids)],
    )  # fmt: skip
    assert [cost(settled, date(2025, 1, day)) for day in (15, 25)] == [ONE, 0]
    worse = view_of(
        tmp_path / "worse", decided("L1", JANUARY), [loan("L1", on=JANUARY, business="E-L1")[1]],
        [state(date(2025, 1, 20), word="written_off", outstanding_fen=0, written_off_fen=2 * ONE, **ids)],
    )  # fmt: skip
    assert [cost(worse, date(2025, 1, day)) for day in (15, 25)] == [ONE, 2 * ONE], "in its own month the loss takes its place"


def live_month(evaluator: Evaluator, folder, batch: int) -> tuple[int, bool]:
    """Decide three batches of businesses on days of a month as the desk does; return explored loans, and whether it closed."""
    facts, loans, closed = [], 0, False
    for round_ in range(3):
        on = date(2025, 1, 5 + round_)
        view = view_of(folder / f"{round_}", facts or decided("none", date(2024, 1, 1), arm="no"))
        asked = [
            Application(application_id=f"A{round_}-{one}", product="example", business_id=f"E{round_}-{one}",
                        as_of=HOME.end_of(on), consent_id="own-data")
            for one in range(batch)
        ]  # fmt: skip
        standings = [Standing(drawn_by=one.business_id) for one in asked]
        for one, standing in zip(asked, exploring.with_spent(POLICY, asked, standings, view, HOME), strict=True):
            said = decide(evaluator, one.business_id, standing)
            closed |= bool(said.closed)
            if said.outcome == "approve":
                loans += 1
                facts += decided(one.business_id, on, arm=said.arms["explore"])
    return loans, closed


@pytest.mark.parametrize("batch", [1, 20])
def test_a_month_of_live_decisions_stays_within_the_budget(evaluator, tmp_path, batch):
    loans, closed = live_month(evaluator, tmp_path, batch)
    assert loans * ONE <= BUDGET.month_fen
    assert (loans == 5, closed) == (batch == 20, batch == 20)


def test_forgetting_those_decided_together_is_caught(evaluator, tmp_path, monkeypatch):
    def forgetful(policy, applications, standings, view, calendar):
        return tuple(
            with_spent(policy, [one], [standing], view, calendar)[0]
            for one, standing in zip(applications, standings, strict=True)
        )

    monkeypatch.setattr(exploring, "with_spent", forgetful)
    loans, _ = live_month(evaluator, tmp_path, 20)
    assert loans * ONE > BUDGET.month_fen


def test_a_policy_without_a_budget_reads_nothing():
    policy = SimpleNamespace(experiments=(explore(budget=None),))
    assert with_spent(policy, [], [NO_STANDING], None, HOME) == (NO_STANDING,)
