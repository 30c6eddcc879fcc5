"""The study of fraud on a small world: nobody reads the later truth, and a contender that does is caught."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.fraud.models import known_applications
from weilend.app.desk.home import open_home
from weilend.app.desk.worlds import study_known
from weilend.app.desk.worlds.audit import read_truth
from weilend.app.desk.worlds.making import make_world
from weilend.app.desk.worlds.study import NAMES, judge_contenders
from weilend.app.desk.worlds.study_known import find_out, shared_counts, tuned_view
from weilend.app.desk.worlds.study_truth import read_study
from weilend.core.errors import NotFoundError
from weilend.economy.audit.counts import tune
from weilend.economy.plan import make_plan

BUDGET = 50_000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "world"
    make_world(make_plan(businesses=700, months=12, seed=5), folder, workers=1)
    return folder


@pytest.fixture(scope="module")
def study(world):
    view = open_home(world / "home", create=False).book.view()
    return view, read_study(view, known_applications(view, 2**40), read_truth(world), 8)


@pytest.fixture(autouse=True)
def _many_are_looked_into(monkeypatch):
    """In so small a world one in a hundred is nobody."""
    monkeypatch.setattr(study_known, "RANDOM_PPM", 500_000)


def with_frauds(study, rows):
    """The same study with fraud behind some applications, whatever the truth was."""
    judged, here = study.judged, np.isin(np.arange(len(study.judged)), rows)
    changed = msgspec.structs.replace(
        judged, level=np.where(here, 1, judged.level), lost_fen=np.where(here, 10**9, judged.lost_fen)
    )
    return msgspec.structs.replace(study, judged=changed)


def learned(view, study):
    """Everything that the truth gives to a contender."""
    counts = shared_counts(view, study.course)
    return find_out(view, study), tune(counts, tuned_view(study), np.flatnonzero(study.course.early), BUDGET)


def reads_ahead(study):
    """A contender that reads the truth of everybody."""
    return study.judged.lost_fen.astype(float)


def book_of(world):
    """When each file of the book and of the truth was written; what is not there was not written into it."""
    parts = (world / "home" / "book", world / "truth")
    return {path: path.stat().st_mtime_ns for part in parts for path in part.rglob("*") if path.is_file()}


def test_nothing_is_learned_from_the_later_truth(study):
    view, one = study
    other = with_frauds(one, np.flatnonzero(one.course.later))
    assert learned(view, one) == learned(view, other)
    assert not np.array_equal(reads_ahead(one), reads_ahead(other))  # a contender that did would be seen by this


def test_nothing_is_learned_from_withheld_patterns(study):
    view, one = study
    early = np.flatnonzero(one.course.early)
    withheld = msgspec.structs.replace(one, withheld=np.isin(np.arange(len(one.withheld)), early))
    told = find_out(view, one)
    assert told  # somebody was looked into
    assert find_out(view, withheld) == []
    assert tuned_view(with_frauds(withheld, early)).lost_fen[early].sum() == 0
    assert tuned_view(with_frauds(one, early)).lost_fen[early].sum() > 0  # what is not withheld may be tuned on


def test_findings_come_with_their_delay_and_not_after_the_cut(study):
    view, one = study
    sent = {each.application_id: each.as_of for each in one.course.applications}
    for fact in find_out(view, one):
        assert sent[fact["application_id"]] + 14 * 86_400 <= fact["happened_at"] <= one.course.cut_at


def test_who_knows_the_truth_finds_all_and_accuses_nobody(study):
    _, one = study
    rows = np.flatnonzero(one.course.later)[::25]
    planted = with_frauds(one, rows)
    rng = np.random.default_rng(1).random(len(planted.judged))
    nobody = np.zeros(len(rng), np.bool_)
    found = judge_contenders(planted, {"oracle": reads_ahead(planted), "dice": rng}, 200_000, stopped=nobody)
    assert found["oracle"].whole.recall == 1.0
    assert found["oracle"].whole.saved_fen > found["dice"].whole.saved_fen


def test_who_is_stopped_is_nobodys_alert_and_in_nobodys_budget(study):
    _, one = study
    stopped = np.zeros(len(one.judged), np.bool_)
    stopped[np.flatnonzero(one.course.later)[::2]] = True
    found = judge_contenders(one, {"stops first": stopped + 0.0}, 500_000, stopped=stopped)["stops first"].whole
    left = int((one.course.later & ~stopped).sum())
    assert (found.applications, found.alerts) == (left, left // 2)


def test_the_command_writes_the_page_and_leaves_the_world_as_it_was(world, tmp_path):
    before = book_of(world)
    page = tmp_path / "study.md"
    asked = ["sim", "fraud", "--world", str(world), "--budget-ppm", str(BUDGET), "--night-days", "120", "--page", str(page)]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code in (0, 1), done.output  # so small a world proves no bar
    text = page.read_text(encoding="utf-8")
    assert "nobody writes here by hand" in text
    assert all(f"| {name} |" in text for name in NAMES)
    assert "invoice_relay (withheld)" in text
    assert book_of(world) == before


def test_no_world_is_one_sentence(tmp_path):
    done = CliRunner().invoke(cli, ["sim", "fraud", "--world", str(tmp_path / "none")])
    assert isinstance(done.exception, NotFoundError)
    assert "no world in" in str(done.exception)


def test_the_truth_says_who_is_of_one_case_and_who_shares_for_a_reason(world, study):
    _, one = study
    truth = read_truth(world)
    cases = truth["frauds"].group_by(["case_id"]).aggregate([("pattern", "count_distinct"), ("skill_ppm", "count_distinct")])
    assert set(cases["pattern_count_distinct"].to_pylist()) <= {1}
    assert set(cases["skill_ppm_count_distinct"].to_pylist()) <= {1}
    assert {len(who) for who in one.judged.innocent.values()} == {len(one.judged)}
    shares = {name: who.mean() for name, who in one.judged.innocent.items()}
    assert all(0 < share < 0.6 for name, share in shares.items() if name in ("families", "tenants of markets")), shares
    assert ((one.judged.case >= 0) <= (one.judged.level >= 0)).all()
