"""A small company turns the wheel: the future is invisible, dice are paired, every fen is told, every decision replays."""

import shutil

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from weilend.app.desk.flywheel import months as months_module
from weilend.app.desk.flywheel.company import DECISIONS, keep_run, replay_run
from weilend.app.desk.flywheel.ground import FLYWHEEL, Ground, lay_ground, plan_run
from weilend.app.desk.flywheel.learning import score, train
from weilend.app.desk.flywheel.lending import answer, outcomes
from weilend.app.desk.flywheel.money import flows_of, unpaid_principal, worth_fen
from weilend.app.desk.flywheel.months import Wheel, run_months
from weilend.app.desk.flywheel.page import compose_run
from weilend.app.desk.flywheel.policies import decide_rows, load_first_loan
from weilend.app.desk.flywheel.records import watched_share
from weilend.app.desk.flywheel.results import summarise
from weilend.app.desk.flywheel.rivals import approve_all, flywheel, oracle, without_own
from weilend.app.desk.flywheel.rows import Rows
from weilend.app.desk.flywheel.run import Settings
from weilend.app.desk.flywheel.showing import columns_of, rows_of
from weilend.app.desk.home import open_home
from weilend.app.desk.sealed import make_evaluator
from weilend.decision.search_kernel import plan_programs
from weilend.report import render_page

MONTHS, USERS, SEED = 7, 1_000, 3
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
    return run_months(ground, Settings(contacts_ppm=300_000))


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


def test_rows_and_columns_are_decided_alike_with_a_model_and_without(run):
    product, policy = load_first_loan()
    evaluator = make_evaluator(product, FLYWHEEL, policy)
    for pd in (None, np.random.default_rng(1).integers(1_000, 300_000, len(run.rows))):
        columns = columns_of(evaluator, run.shown, pd)
        said = decide_rows(evaluator, columns)
        (whole,) = plan_programs((evaluator.program,)).decide(columns)
        assert (said.approved == whole.approved).all()
        assert (said.ceiling_fen == np.where(whole.approved, whole.ceiling_fen, 0)).all()
        assert (said.rate_ppm == np.where(whole.approved, whole.rate_ppm, 0)).all()
    assert run.answers.approved.any()


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


def test_every_decision_replays_to_the_bit_and_a_changed_one_is_seen(run, tmp_path):
    keep_run(run, tmp_path)
    store = run.ground.home.store
    assert replay_run(tmp_path, store).different == ()
    kept = pq.read_table(tmp_path / DECISIONS)
    ceilings = kept["ceiling_fen"].to_numpy().copy()
    ceilings[3] += 100_000
    pq.write_table(
        kept.set_column(kept.schema.get_field_index("ceiling_fen"), "ceiling_fen", pa.array(ceilings)), tmp_path / DECISIONS
    )
    assert replay_run(tmp_path, store).different == (kept["application_id"][3].as_py(),)
    assert [event.action for event in store.events("policy")][:2] == ["propose", "approve"]


def test_the_oracle_is_the_best_and_the_page_says_what_happened(run):
    rivals = (flywheel(run), approve_all(run), oracle(run))
    named = {one.name: one.profit_fen(run).sum() for one in rivals}
    assert named["oracle"] > named["approve all"]
    tuned = replace(approve_all(run), name="tuned rules")
    result = summarise(run, (*rivals, tuned))
    assert sum(result.monthly["flywheel"]) == result.lines[0].profit_fen
    page = render_page(compose_run(run, result))
    assert "too few loans went bad in time" in page
    assert "not reached over all months" in page or result.share_ppm is None or result.share_ppm >= 600_000
    assert not without_own(run.shown).known[:, -2:].any()


def test_a_challenger_takes_over_on_evidence_only():
    rng = np.random.default_rng(2)
    names = ("lowest_balance_fen_90d", "owner_utilisation_180d", "own_paid_count_730d")
    values = rng.integers(0, 1_000, (1_600, 3))
    chance = 1 / (1 + np.exp(values[:, 0] / 200 - 0.5))
    rows = Rows(names, (1, -1, 1), values, values >= 0, tuple(f"E{place}" for place in range(1_600)), np.arange(1_600))
    bad = (rng.random(1_600) < chance).astype(np.int64)
    found = train(rows, bad, np.ones(len(bad)), None, seed=1)
    assert found.verdict.verdict == "replace"
    assert found.leans_on[0][0] == "lowest_balance_fen_90d"
    assert np.corrcoef(score(found.model, rows), values[:, 0])[0, 1] < -0.5
    noise = train(rows, rng.permutation(bad), np.ones(len(bad)), found.model, seed=1)
    assert noise.verdict.verdict != "replace"


def test_young_loans_speak_and_do_not_look_safer_than_they_are():
    """A tenth goes bad, in any of five months alike; most are still young. Counted in full, the young would halve the rate."""
    dice = np.random.default_rng(3)
    age, month = dice.integers(2, 7, 40_000), dice.integers(2, 7, 40_000)
    bad = ((dice.random(40_000) < 0.1) & (month <= age)).astype(np.int64)
    watched = np.array([watched_share(one, int(at)) for one, at in zip(bad.tolist(), age.tolist(), strict=True)])
    assert abs(bad.sum() / watched.sum() - 0.1) < 0.01
    assert bad.mean() < 0.07
