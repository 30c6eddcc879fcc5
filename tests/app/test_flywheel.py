"""A small company turns the wheel: the future is invisible, dice are paired, every fen is told, every decision replays."""

import shutil

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import select, update

from weilend.app.desk.audit import audit
from weilend.app.desk.backtest.history import evaluator_of
from weilend.app.desk.flywheel import months as months_module
from weilend.app.desk.flywheel import responses as responses_module
from weilend.app.desk.flywheel import tuning as tuning_module
from weilend.app.desk.flywheel.ground import Ground, judge_by_rules, lay_ground, plan_run
from weilend.app.desk.flywheel.learners import fit_boosted, fit_card, leans_on
from weilend.app.desk.flywheel.learning import score, train
from weilend.app.desk.flywheel.lending import answer, outcomes
from weilend.app.desk.flywheel.money import flows_of, unpaid_principal, worth_fen
from weilend.app.desk.flywheel.months import Wheel
from weilend.app.desk.flywheel.page import compose_run
from weilend.app.desk.flywheel.policies import ENTERPRISE_LOAN, SELLER_LOAN, decide_rows, load_first_loan
from weilend.app.desk.flywheel.results import summarise
from weilend.app.desk.flywheel.rivals import approve_all, expected_worth, flywheel, oracle
from weilend.app.desk.flywheel.rows import DECIDED, Rows
from weilend.app.desk.flywheel.run import Settings
from weilend.app.desk.flywheel.showing import columns_of, rows_of
from weilend.app.desk.flywheel.tuning import without_own
from weilend.app.desk.home import open_home
from weilend.app.desk.models.champion import deciding_model, name_model
from weilend.app.desk.models.life import find_builds, list_models
from weilend.app.desk.models.renewal import current_champion
from weilend.app.desk.policies import find_policy
from weilend.app.desk.products import find_product
from weilend.app.desk.replay import refold, replay_receipts
from weilend.app.desk.sealed import make_evaluator
from weilend.app.desk.whatif.home_log import read_home
from weilend.core.errors import NotFoundError
from weilend.core.plan import Spine
from weilend.decision.cases import decide_case
from weilend.decision.parts import Case
from weilend.decision.search_kernel import plan_programs
from weilend.features.compute import FeatureTable
from weilend.features.sets import FRAUD
from weilend.report import render_page
from weilend.sources import record_ids
from weilend.store.schema import DOCUMENT

MONTHS, USERS, SEED = 5, 1_000, 3
FUNDING = 35_000
replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def ground(tmp_path_factory) -> Ground:
    folder = tmp_path_factory.mktemp("wheel") / "run"
    made = lay_ground(plan_run(users=USERS, months=MONTHS, seed=SEED), folder, workers=1)
    shutil.copytree(folder, folder.parent / "fresh")
    return made


def fresh(ground: Ground, folder) -> Ground:
    """Return the same ground with a home of its own, in which nobody has lent yet."""
    shutil.copytree(ground.home.folder.parent.parent / "fresh", folder)
    return replace(ground, home=open_home(folder / "home", create=False))


@pytest.fixture(scope="module")
def run(ground):
    """Return a run in which, loans going bad too seldom in so few months, a card and then trees are promoted from outside."""
    wheel = Wheel(ground, Settings(contacts_ppm=300_000))
    for month in range(MONTHS):
        wheel.turn(month)
        for learn in {1: [fit_card], 3: [fit_boosted]}.get(month, []):
            rows, bad = labelled(300)
            wheel.office.promote(learn(rows, bad, np.ones(len(bad)), 1), at=ground.starts(month + 1))
    return wheel.result()


def labelled(count: int) -> tuple[Rows, np.ndarray]:
    """Return rows of which those with little in the account go bad more often."""
    rng = np.random.default_rng(2)
    names = ("lowest_balance_fen_90d", "owner_utilisation_180d", "own_paid_count_730d")
    values = rng.integers(0, 1_000, (count, 3))
    chance = 1 / (1 + np.exp(values[:, 0] / 200 - 0.5))
    rows = Rows(
        names,
        (1, -1, 1),
        values,
        values >= 0,
        tuple(f"E{place}" for place in range(count)),
        np.arange(count),
        np.zeros(count, np.bool_),
    )
    return rows, (rng.random(count) < chance).astype(np.int64)


def decisions(run_or_wheel):
    said = run_or_wheel.answers
    return said.approved.tolist(), said.ceiling_fen.tolist(), said.rate_ppm.tolist(), said.grade


def turn(ground: Ground, months: int):
    wheel = Wheel(ground, Settings(contacts_ppm=300_000))
    for month in range(months):
        wheel.turn(month)
    return wheel.result()


def with_another_future(ground: Ground, since: int) -> Ground:
    """Return the ground with everything turned round that happens from a month on: answers to offers, and what applicants show."""
    later = np.flatnonzero(ground.asked.month >= since)
    die, values = ground.asked.take_die.copy(), ground.shown.values.copy()
    die[later], values[later] = 1 - die[later], values[later[::-1]]
    return replace(ground, asked=replace(ground.asked, take_die=die), shown=replace(ground.shown, values=values))


@pytest.mark.parametrize("name", [SELLER_LOAN, ENTERPRISE_LOAN])
def test_rows_and_columns_are_decided_alike_with_a_model_and_without(run, name):
    loan, mine = load_first_loan(name), run.of_product(name)
    evaluator = make_evaluator(loan.product, DECIDED, loan.policy)
    shown = replace(run.shown.take(mine), alerted=np.arange(len(mine)) % 5 == 0)
    for pd in (None, np.random.default_rng(1).integers(1_000, 300_000, len(mine))):
        columns = columns_of(evaluator, shown, pd)
        said = decide_rows(evaluator, columns)
        (whole,) = plan_programs((evaluator.program,)).decide(columns)
        assert (said.approved == whole.approved).all()
        assert (said.ceiling_fen == np.where(whole.approved, whole.ceiling_fen, 0)).all()
        assert (said.rate_ppm == np.where(whole.approved, whole.rate_ppm, 0)).all()
        assert not said.approved[shown.alerted].any()
    assert run.answers.approved.any()


def test_each_product_has_its_own_policy_and_what_they_bring_adds_up(run):
    product = np.array([run.ground.asked.product[row] for row in run.rows.tolist()])
    assert {name: set(product[run.of_product(name)]) for name in run.products} == {name: {name} for name in run.products}
    assert [run.policies[at].product for at in run.policy_of.tolist()] == product.tolist()
    flown = summarise(run, (flywheel(run),))
    parts = [lines[0] for lines in flown.by_product.values()]
    for name in ("approved", "loans", "lent_fen", "profit_fen", "lost_fen"):
        assert sum(getattr(one, name) for one in parts) == getattr(flown.lines[0], name)
    assert all(one.loans for one in parts)


def test_terms_stay_until_something_is_known_of_losses(ground, tmp_path, monkeypatch):
    """Planted: with no bads asked for, answers to offers alone move limits and rates of a book of which no loan could yet fail."""
    monkeypatch.setattr(responses_module, "LEAST_OFFERS", 3)
    for fewest, moved in ((20, False), (0, True)):
        monkeypatch.setattr(months_module, "FEWEST_BADS", fewest)
        done = turn(fresh(ground, tmp_path / f"{fewest}"), 1)
        assert done.lessons[0].bads == 0
        assert done.lessons[0].turned is moved


@pytest.mark.parametrize(("name", "harm", "code"), [
    (SELLER_LOAN, {"shop_not_normal_count_90d": 1}, "shop_frozen"),
    (SELLER_LOAN, {"shop_age_days_365d": 30}, "young_shop"),
    (SELLER_LOAN, {"shop_positive_rate_90d": 800_000}, "reviews_poor"),
    (SELLER_LOAN, {"wallet_refund_rate_12m": 400_000}, "refunds_high"),
    (ENTERPRISE_LOAN, {"tax_arrears_fen_365d": 1}, "tax_arrears"),
    (ENTERPRISE_LOAN, {"tax_rating_730d": 1}, "tax_rating_low"),
])  # fmt: skip
def test_a_product_reads_what_its_firms_leave_behind(name, harm, code):
    said, told = answer_to(name, {}), answer_to(name, harm)
    assert (said.outcome, told.outcome, told.codes) == ("approve", "decline", (code,))
    looked = answer_to(name, harm | {"exploring_draw_ppm": 999_999})
    stops = code == "shop_frozen"  # is not explored: a frozen shop earns nothing
    assert (looked.outcome, looked.ceiling_fen or 0) == (("decline", 0) if stops else ("approve", 500_000))


def answer_to(name: str, values: dict[str, int]):
    """Return what the policy of the first day answers to its base case with some values changed, before there is a model."""
    loan = load_first_loan(name)
    case = Case(name="it", values=values, unknown=("pd_ppm",), outcome="approve", reasons=())
    return decide_case(make_evaluator(loan.product, DECIDED, loan.policy), case)


def test_money_in_a_wallet_is_money_from_trade():
    """Planted: what a seller's bank alone shows, a quarter of it, would be a quarter of the limit."""
    sells = {"inflow_with_wallets_fen_12m": 48_000_000, "true_inflow_fen_3m": 3_000_000, "wallet_receipts_fen_3m": 9_000_000}
    banked = sells | {"inflow_with_wallets_fen_12m": 12_000_000}
    said = [answer_to(SELLER_LOAN, some).ceiling_fen for some in (sells, banked)]
    assert said == [12_000_000, 3_000_000]


def test_rules_tuned_side_by_side_are_those_tuned_alone(run, monkeypatch):
    few = {"thin_share_ppm": (0, 1_000_000), "max_refund_ppm": (100_000, 10**8), "min_tax_rating_count": (4, 1)}
    for setting, value in {"LIMITS": (1_000_000, 3_000_000), "RATES": (0, 0, 240_000), "ROUNDS": 1, "CHOICES": few}.items():
        monkeypatch.setattr(tuning_module, setting, value)
    both = tuning_module.tune(run)
    for name, product in run.products.items():
        assert tuning_module.tune(replace(run, products={name: product})) == {name: both[name]}
    assert len({one.product for one in both.values()}) == 2


def test_whom_a_rule_of_fraud_names_gets_nothing_and_the_receipt_says_why(ground, tmp_path):
    """Planted: the check of who he is failed, of one who would be lent to; the rule needs nobody to have learned anything."""
    other = fresh(ground, tmp_path / "other")
    before = turn(other, 1)
    place = int(np.flatnonzero(before.answers.approved)[0])
    row = int(before.rows[place])
    size = (1, len(FRAUD.features))
    at = [one.name for one in FRAUD.features].index("identity_last_failed_30d")
    failed = FeatureTable(FRAUD, Spine(("E1",), (0,)), np.eye(1, size[1], at, np.int64), np.ones(size, np.bool_), {})
    (verdict,) = judge_by_rules(failed)
    assert (verdict.status, verdict.found.grade) == ("alert", "E")
    assert judge_by_rules(replace(failed, known=np.zeros(size, np.bool_)))[0].status == "not_assessed"
    verdicts = (*other.verdicts[:row], verdict, *other.verdicts[row + 1 :])
    again = turn(replace(fresh(ground, tmp_path / "again"), verdicts=verdicts), 1)
    assert not again.answers.approved[place]
    assert np.delete(again.answers.approved, place).tolist() == np.delete(before.answers.approved, place).tolist()
    (receipt,) = (
        one for one in again.ground.home.store.receipts() if one.application.application_id == ground.asked.application[row]
    )
    assert receipt.fraud == verdict
    assert "fraud_alert" in [one.code for one in receipt.decision.reasons]


def test_the_same_seed_gives_the_same_months_and_the_future_is_invisible(ground, run, tmp_path, monkeypatch):
    before = np.flatnonzero(run.month < 2)
    expected = [np.array(one)[before].tolist() for one in decisions(run)]
    other = with_another_future(fresh(ground, tmp_path / "other"), since=2)
    assert [list(one) for one in decisions(turn(other, 2))] == expected

    def peek(ground, rows, *, own):  # planted: what an applicant will answer to an offer stands among what he shows
        shown = rows_of(ground, rows, own=own)
        place = shown.names.index("low_balance_days_90d")
        values = shown.values.copy()
        values[:, place] = np.where(np.roll(ground.asked.take_die, -len(ground.asked) // 2)[rows] < 0.5, 91, 0)
        return replace(shown, values=values, known=np.where(np.arange(values.shape[1]) == place, True, shown.known))

    monkeypatch.setattr(months_module, "rows_of", peek)
    seen = decisions(turn(fresh(ground, tmp_path / "seen"), 2))
    foreseen = with_another_future(fresh(ground, tmp_path / "foreseen"), since=2)
    assert decisions(turn(foreseen, 2)) != seen


def test_dice_are_paired_and_a_heavier_offer_never_turns_out_better(ground):
    rows = np.arange(len(ground.asked))
    small, large = (np.full(len(rows), fen) for fen in (500_000, 5_000_000))
    rate, everybody = np.full(len(rows), 180_000), np.ones(len(rows), np.bool_)
    whole = outcomes(ground, rows, everybody, small, rate, FUNDING)
    some = rows[::3]
    part = outcomes(ground, some, everybody[some], small[some], rate[some], FUNDING)
    assert (part.worth_fen == whole.worth_fen[::3]).all()
    assert (part.taken == whole.taken[::3]).all()
    stops = [np.concatenate([one.loans.stop for one in answer(ground, rows, limit, rate)]) for limit in (small, large)]
    assert (stops[1] <= stops[0]).all()
    assert (stops[1] < stops[0]).any()


def test_profit_is_the_sum_of_all_flows_and_the_book_tells_the_same(ground, run):
    paid_back = 0
    for one in answer(ground, run.rows, np.full(len(run.rows), 2_000_000), np.full(len(run.rows), 200_000)):
        loans, flows = one.loans, flows_of(one.loans)
        lost = unpaid_principal(loans)
        recovered = (lost * loans.recovered_ppm // 10**6).sum()
        out = flows.fen < 0
        assert flows.fen[out].sum() == -loans.principal_fen.sum()
        principal = flows.fen[~out].sum() - recovered - _interest(loans)
        assert principal == loans.principal_fen.sum() - lost.sum()
        assert (worth_fen(loans, 0) == np.bincount(flows.loan, weights=flows.fen, minlength=len(loans.ask))).all()
        short = replace(loans, recovered_ppm=loans.recovered_ppm * 0)  # planted: recoveries are forgotten
        assert flows_of(short).total_fen == flows.total_fen - recovered
        paid_back += int(flows.total_fen)
    assert paid_back
    view = ground.home.book.view()
    booked, decided = view.read("disbursement"), view.read("decision")
    taken = np.flatnonzero(run.outcomes.taken)
    fen = dict(
        zip((ground.asked.application[row] for row in run.rows[taken].tolist()), run.answers.ceiling_fen[taken], strict=True)
    )
    told = dict(zip(booked["application_id"].to_pylist(), booked["principal_fen"].to_pylist(), strict=True))
    assert told == {name: fen[name] for name in told}
    assert {name for name, month in zip(fen, run.month[taken], strict=True) if month < MONTHS - 1} <= set(told)
    assert decided.num_rows == len(run.rows)
    known = view.read("repayment", columns=["known_at"])["known_at"].to_numpy()
    assert known.max(initial=0) < ground.starts(MONTHS)


def _interest(loans) -> int:
    number = np.arange(loans.due_day.shape[1])
    return int((loans.interest * ((number < loans.term[:, None]) & (loans.late >= 0))).sum())


def test_the_home_replays_and_audits_like_any_other_with_retired_policies_and_models(run):
    home = run.ground.home
    receipts = list(home.store.receipts())
    assert len(receipts) == len(run.rows)
    assert len({one.sealed["model"] for one in receipts}) == 3
    found = replay_receipts(home, receipts)
    assert (found.of, found.identical, found.problems) == (len(receipts), len(receipts), ())
    assert audit(home) == ()
    said = {one.application.application_id: one.decision for one in receipts}
    for row, fen, rate in zip(run.rows.tolist(), run.answers.ceiling_fen, run.answers.rate_ppm, strict=True):
        decision = said[run.ground.asked.application[row]]
        assert ((decision.ceiling_fen or 0), (decision.floor_rate_ppm or 0)) == (fen, rate)
        assert decision.reasons
    assert [event.action for event in home.store.events("policy")][:2] == ["propose", "approve"]


def test_a_home_answers_what_its_own_product_would_have_brought(run):
    home, after = run.ground.home, run.ground.starts(MONTHS)
    for name, first in run.first.items():
        policy = find_policy(first.name, home, at=after)
        evaluator = evaluator_of(policy, home)
        assert evaluator.policy_id == [one for one in run.policies if one.product == name][-1].identity
        log = read_home(home, evaluator, known_by=after)
        assert log.table.num_rows == len(run.of_product(name)) > 0
        assert deciding_model(home, find_product(name, home).model, at=after) == run.models[-1]
        lives = list_models(home, name_model(name, home), at=after)
        assert {one.version for one in lives} == {one.model_id for one in run.models}
        assert name_model(name).kind == "flat_model"
    with pytest.raises(NotFoundError):
        find_product("last_loan", home)


def test_a_home_knows_what_each_of_its_models_was_made_of(run):
    """So that what comes after the run can judge, renew and roll back what the run promoted."""
    home, named = run.ground.home, name_model(SELLER_LOAN, run.ground.home)
    made = find_builds(home, named)
    assert tuple(made) == tuple(one.model_id for one in run.models)
    assert [one.recipe for one in made.values()] == [one.recipe for one in run.models]
    current = current_champion(home, named, at=run.ground.starts(MONTHS))
    assert current is not None
    assert (current[0], current[1].bads) == (run.models[-1], run.models[-1].bads)


def test_a_stored_model_that_was_changed_by_a_digit_is_seen(run, tmp_path):
    """Planted: one digit of a retired model. Every decision of that model, and of no other, does not replay."""
    home = copied(run.ground, tmp_path)
    first = run.models[0]
    with home.store.engine.begin() as connection:
        row = (DOCUMENT.c.kind == "model") & (DOCUMENT.c.document_id == first.model_id)
        content = connection.execute(select(DOCUMENT.c.content).where(row)).scalar_one()
        connection.execute(update(DOCUMENT).where(row).values(content=content.replace(b'"seed":1', b'"seed":2')))
    found = replay_receipts(home, home.store.receipts(), from_records=False)
    assert found.of - found.identical == (run.model_of == 0).sum() > 0
    assert all("is not what its hash says" in one for one in found.problems)
    assert home.store.verify_chain() != ()


def test_a_decision_that_names_another_receipt_and_an_input_that_the_book_does_not_give_are_seen(run, tmp_path):
    home = copied(run.ground, tmp_path)
    told = home.book.view().read("decision").drop_columns(["known_until", "seq"])
    other = told.slice(0, 1).set_column(told.schema.get_field_index("receipt_id"), "receipt_id", pa.array(["RC-of-nobody"]))
    ids = record_ids("decision", {name: other[name].combine_chunks() for name in other.column_names})
    home.book.append({"decision": other.set_column(other.schema.get_field_index("record_id"), "record_id", ids)})
    assert any("without a receipt, RC-of-nobody" in one for one in audit(home))
    receipt = next(one for one in home.store.receipts() if one.features.values["inflow_with_wallets_fen_12m"])
    values = receipt.features.values | {"inflow_with_wallets_fen_12m": 1}
    changed = replace(receipt, features=replace(receipt.features, values=values))
    (problem,) = (text for _, text in refold(home, [changed], lambda *_: None))
    assert "the book now gives inflow_with_wallets_fen_12m" in problem


def copied(ground: Ground, folder):
    """Return a copy of a run's home, to be tampered with."""
    shutil.copytree(ground.home.folder, folder / "home")
    return open_home(folder / "home", create=False)


def test_the_oracle_is_the_best_and_the_page_says_what_happened(run):
    rivals = (flywheel(run), approve_all(run), oracle(run))
    expected = {one.name: expected_worth(run, one) for one in rivals}
    assert (expected["oracle"] >= expected["approve all"] - 1e-6).all()  # the offer for all is one of the oracle's choices
    assert expected["oracle"].sum() > expected["flywheel"].sum()
    tuned = replace(approve_all(run), name="tuned rules")
    result = summarise(run, (*rivals, tuned))
    assert sum(result.monthly["flywheel"]) == result.lines[0].profit_fen
    page = render_page(compose_run(run, result))
    assert "too few loans went bad in time" in page
    assert "not reached over all months" in page or result.share_ppm is None or result.share_ppm >= 600_000
    assert not without_own(run.shown).known[:, -2:].any()


def test_a_challenger_takes_over_on_evidence_only():
    rows, bad = labelled(1_600)
    found = train(rows, bad, np.ones(len(bad)), None, seed=1)
    assert found.verdict.verdict == "replace"
    assert leans_on(found.model)[0][0] == "lowest_balance_fen_90d"
    assert np.corrcoef(score(found.model, rows), rows.values[:, 0])[0, 1] < -0.5
    noise = train(rows, np.random.default_rng(2).permutation(bad), np.ones(len(bad)), found.model, seed=1)
    assert noise.verdict.verdict != "replace"
