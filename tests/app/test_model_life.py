"""A model from draft to retired: who may do what, on which evidence; what decides at an instant; what a shadow sees."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import duckdb
import msgspec
import pytest
import sqlglot
from click.testing import CliRunner
from model_homes import NAMED, PRODUCT, act, crown, decide_many, evidence_for, instant, make_home, stages

from weilend.app.cli.main import cli
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.models import renewal
from weilend.app.desk.models.champion import Named, champion, deciding_model, shadows
from weilend.app.desk.models.kept import read_version
from weilend.app.desk.models.life import (
    find_builds,
    find_version,
    list_models,
    newest_evidence,
    promote_in_simulation,
    promote_model,
    put_in_shadow,
    retire_model,
    roll_back_model,
)
from weilend.app.desk.models.renewal import renew_models
from weilend.app.desk.models.renewal_schedule import load_schedule
from weilend.app.desk.models.shadow import shadow_scores
from weilend.app.desk.models.trial import judge_shadow
from weilend.core.errors import CheckError, InputError, NotFoundError
from weilend.models.judgement.champion import judge_challenger

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("models")).home.folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Desk:
    return open_desk(shutil.copytree(made, tmp_path / "home"))


def test_a_decision_uses_the_champion_known_at_its_as_of_and_all_replay(desk):
    second, first = find_builds(desk.home, NAMED)
    crown(desk, first, "2020-03-05")
    crown(desk, second, "2020-03-09")
    roll_back_model(desk.home, NAMED, act(desk, "program", "2020-03-11"))
    retire_model(desk.home, NAMED, act(desk, "cai", "2020-03-13"))
    days = ("2020-03-03", "2020-03-06", "2020-03-10", "2020-03-12", "2020-03-14")
    receipts = [decide_many(desk, ["E1", "E2"], day)[0] for day in days]
    # before the first champion the newest that somebody built; after it a champion, or none at all
    assert [one.sealed["model"] for one in receipts[:-1]] == [first, first, second, first]
    assert receipts[-1].score is None
    assert receipts[-1].decision.outcome != "approve"
    assert stages(desk, "2020-03-14") == {first: "retired", second: "retired"}
    assert desk.replay().identical == 2 * len(days)
    assert desk.audit() == ()


def test_a_champion_needs_another_person_and_evidence_that_speaks_for_it(desk):
    first = find_version(desk.home, NAMED).version
    put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-05"))
    good = evidence_for(first)
    red = evidence_for(first, red=True)
    wrong = {
        "nothing shows": None,
        "the evidence speaks of other": evidence_for("other"),
        "and no champion decides": evidence_for(first, "somebody"),
        "points_psi is red": red,
        "does not follow from its numbers": replace(red, verdict=replace(red.verdict, verdict="no_evidence")),
        "holds no numbers": replace(good, verdict=judge_challenger([], [])),
    }
    for said, shown in wrong.items():
        with pytest.raises(CheckError, match=said):
            promote_model(desk.home, NAMED, act(desk, "bob", "2020-03-06"), "", shown)
    with pytest.raises(InputError, match="ann proposed"):
        promote_model(desk.home, NAMED, act(desk, "ann", "2020-03-06"), "", good)
    assert champion(desk.home, NAMED, at=instant(desk, "2020-03-07")) is None
    done = promote_model(desk.home, NAMED, act(desk, "bob", "2020-03-06"), "", good)
    assert "(evidence " in done.why, "the audit chain holds what it was approved on"
    second = next(iter(find_builds(desk.home, NAMED)))
    put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-07"), second)
    with pytest.raises(CheckError, match="is against no champion"):
        promote_model(desk.home, NAMED, act(desk, "bob", "2020-03-07"), "", evidence_for(second))


def test_what_is_in_shadow_or_unknown_is_refused_in_words(desk):
    put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-05"))
    before = desk.home.store.events("model")
    with pytest.raises(InputError, match="in shadow already"):
        put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-06"))
    with pytest.raises(NotFoundError, match="no version 'zz'"):
        put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-06"), "zz")
    with pytest.raises(NotFoundError, match="there is no model at"):
        put_in_shadow(desk.home, Named("flat_model", "loans"), act(desk, "ann", "2020-03-06"))
    with pytest.raises(InputError, match="nothing was live before"):
        roll_back_model(desk.home, NAMED, act(desk, "bob", "2020-03-06"))
    assert desk.home.store.events("model") == before
    retire_model(desk.home, NAMED, act(desk, "bob", "2020-03-07"))
    assert shadows(desk.home, NAMED, at=instant(desk, "2020-03-08")) == ()
    assert deciding_model(desk.home, PRODUCT.model, at=instant(desk, "2020-03-08")) is not None, (
        "turning one down retires no champion"
    )


def test_a_renewal_says_not_enough_then_puts_a_better_model_in_shadow_and_promotes_nothing(desk, monkeypatch):
    monkeypatch.setattr(renewal, "load_schedule", lambda: replace(load_schedule(), due_after_days=10))
    first = find_version(desk.home, NAMED).version
    crown(desk, first, "2020-03-05")
    (early,) = renew_models(desk.home, ["enterprise_loan"], as_of=instant(desk, "2020-03-15"), at=instant(desk, "2020-03-15"))
    assert (early.action, early.version) == ("nothing", "")
    assert early.reasons[0].startswith("not enough: 0 fresh bads")
    at = instant(desk, "2020-03-21")
    (late,) = renew_models(desk.home, ["enterprise_loan"], as_of=at, at=at)
    assert late.action == "refit"
    assert any("days old, due after 10" in reason for reason in late.reasons)
    assert champion(desk.home, NAMED, at=at) == first
    assert shadows(desk.home, NAMED, at=at) == (late.version,)
    assert late.evidence is not None
    assert late.evidence.verdict.verdict == "replace", "the champion learned nothing, and this one did"
    assert newest_evidence(desk.home, NAMED, late.version) == late.evidence
    (again,) = renew_models(desk.home, ["enterprise_loan"], as_of=at, at=at)
    assert "in shadow already" in again.reasons[0]
    (decided,) = decide_many(desk, ["E1"], "2020-03-22")
    (said,) = shadow_scores(desk.home, late.version)
    assert decided.sealed["model"] == first
    assert said.receipt_id == decided.receipt_id
    assert promote_in_simulation(desk.home, NAMED, at=instant(desk, "2020-03-23")).who == "simulator"
    assert champion(desk.home, NAMED, at=instant(desk, "2020-03-23")) == late.version
    assert desk.home.store.verify_chain() == ()


def test_a_simulation_promotes_nothing_without_evidence(desk):
    put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-05"))
    with pytest.raises(CheckError, match="nothing shows"):
        promote_in_simulation(desk.home, NAMED, at=instant(desk, "2020-03-06"))


def test_without_a_champion_nothing_is_renewed(desk):
    at = instant(desk, "2020-03-05")
    (done,) = renew_models(desk.home, ["enterprise_loan"], as_of=at, at=at)
    assert done.reasons == ("there is no champion: put one in shadow and promote it",)


def test_shadow_scores_are_judged_by_outcomes_known_later(desk, monkeypatch):
    second, first = find_builds(desk.home, NAMED)
    crown(desk, first, "2020-03-05")
    put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-06"), second)
    decide_many(desk, [f"E{number}" for number in range(1, 41)], "2020-03-07")
    at = instant(desk, "2020-03-21")
    with pytest.raises(CheckError, match="of 40 scores in shadow 40 outcomes are known"):
        judge_shadow(desk.home, PRODUCT, second, as_of=at, at=at)
    monkeypatch.setattr("weilend.app.desk.models.trial.is_few", lambda *_: False)
    found = judge_shadow(desk.home, PRODUCT, second, as_of=at, at=at)
    assert (found.challenger, found.champion, found.rows, found.how) == (second, first, 40, "scored in shadow")
    assert len(found.verdict.differences) == 3


def test_a_shadow_that_cannot_score_changes_no_answer(desk):
    second, first = find_builds(desk.home, NAMED)
    crown(desk, first, "2020-03-05")
    alone = desk.decide("enterprise_loan", "E1", "2020-03-06", consent="own-data")
    put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-05"), second)

    with desk.home.store.engine.begin() as connection:  # somebody changes the model that is watched
        connection.exec_driver_sql(
            f"UPDATE document SET content = replace(content, '\"seed\":1', '\"seed\":2') WHERE document_id = '{second}'"
        )
    watched = desk.decide("enterprise_loan", "E1", "2020-03-06", consent="own-data")
    assert (watched.decision, watched.score) == (alone.decision, alone.score)
    (said,) = shadow_scores(desk.home, second)
    assert said.points is None
    assert "is not what its id says" in said.note


def test_a_changed_model_does_not_decide(desk):
    version = find_version(desk.home, NAMED).version
    with desk.home.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE document SET content = replace(content, '\"seed\":1', '\"seed\":2') WHERE kind = 'model'"
        )
    with pytest.raises(CheckError, match="is not what its id says"):
        read_version(desk.home, NAMED.kind, version)
    with pytest.raises(CheckError, match="is not what its id says"):
        desk.decide("enterprise_loan", "E1", "2020-03-06", consent="own-data")


def test_the_commands_of_the_page_run_as_they_stand(desk, monkeypatch):
    place = desk.home.folder.parent
    monkeypatch.chdir(place)
    (place / "home").rename("weilend-home")
    monkeypatch.setattr(renewal, "load_schedule", lambda: replace(load_schedule(), due_after_days=10))
    text = (Path(__file__).parents[2] / "docs" / "methodology" / "model_lifecycle.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    days = ["2020-03-05", "2020-03-06", "2020-03-06", "2020-03-21", *(f"2020-03-{day}" for day in range(22, 27))]
    home, seen = open_desk("weilend-home").home, []
    for line, day in zip(block.strip().split("\n"), days, strict=True):
        at = instant(desk, day)
        monkeypatch.setattr("weilend.app.clock.now", lambda at=at: at)
        done = CliRunner().invoke(cli, shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.output, done.exception)
        seen.append(sorted(one.stage for one in list_models(home, NAMED, at=at)))
    assert seen == [
        ["shadow"], ["shadow"], ["champion"], ["champion", "shadow"], ["champion", "shadow"],
        ["champion", "superseded"], ["champion", "superseded"], ["champion", "retired"], ["retired", "retired"],
    ]  # fmt: skip
    assert home.store.verify_chain() == ()
    with duckdb.connect(config={"threads": 1}) as base:
        query = sqlglot.transpile((place / "card.check.sql").read_text(encoding="utf-8"), read="postgres", write="duckdb")[0]
        assert base.sql(query).fetchall() == [(300, 0)]
