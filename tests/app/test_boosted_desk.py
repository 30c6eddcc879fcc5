"""A boosted challenger to the end of its life: in shadow, judged, promoted by another person, deciding, replayed, rolled back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from model_homes import NAMED, PRODUCT, act, crown, decide_many, instant, make_home, stages

from weilend.app.cli import model as model_commands
from weilend.app.cli.main import cli
from weilend.app.desk.attribution import attribute_flips, read_changes
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.models import challenger
from weilend.app.desk.models.challenger import build_challenger
from weilend.app.desk.models.champion import champion, deciding_model
from weilend.app.desk.models.kept import read_version
from weilend.app.desk.models.life import find_builds, newest_evidence, promote_model, put_in_shadow, roll_back_model
from weilend.app.desk.models.renewal import judge_version
from weilend.app.desk.models.renewal_material import product_material
from weilend.app.desk.models.renewal_schedule import load_schedule
from weilend.app.desk.models.shadow import shadow_scores
from weilend.app.desk.models.trial import judge_shadow
from weilend.app.desk.sealed import Sealed, find_sealed, make_evaluator
from weilend.app.desk.standing import NOTHING_OWED
from weilend.app.desk.steps import runtime
from weilend.core.errors import CheckError, InputError, ReplayError, TooFewError
from weilend.core.records import KINDS
from weilend.core.values import Application, FeatureRow, FraudVerdict, Offer, Reason, Receipt, Score
from weilend.decision import replay, seal, seals
from weilend.features.sets import FEATURE_SETS
from weilend.features.spec import Feature
from weilend.models import boosted_score, read_model, score_rows, write_model
from weilend.models.boosted import BoostedModel, with_prior
from weilend.models.recipes import monotone_boosting
from weilend.models.recipes.registry import RECIPES
from weilend.models.sample import Sample
from weilend.models.training import Budget
from weilend.testing.facts import fact_at
from weilend.testing.records import as_table

FEATURES = FEATURE_SETS[PRODUCT.feature_set]
SOME = [f"E{number}" for number in range(1, 13)]

SMALL = Budget(folds=3, repeats=1, most_trees=60)


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    """Trees of few folds and no search: what they say is not what is tested here."""
    kept = RECIPES[monotone_boosting.NAME]
    with pytest.MonkeyPatch.context() as patch:

        def fit(sample: Sample, *, seed: int, prior_ppm: int | None = None) -> BoostedModel:
            model = monotone_boosting.fit(sample, seed=seed, trials=1, budget=SMALL)
            return model if prior_ppm is None else with_prior(model, prior_ppm)

        patch.setitem(RECIPES._things, monotone_boosting.NAME, msgspec.structs.replace(kept, fit=fit))
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, quick: None) -> Path:
    """A home whose card, the newest that was built, learned nothing; trees were built on 5 March, and nobody put them up yet.

    They learned from half of the outcomes; the other half becomes known on the 20th.
    """
    desk = make_home(tmp_path_factory.mktemp("boosted"), applying=300, days=("2020-03-04", "2020-03-20"))
    known = instant(desk, "2020-03-05")
    build_challenger(desk.home, PRODUCT, monotone_boosting.NAME, as_of=known, at=known)
    return desk.home.folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Desk:
    return open_desk(shutil.copytree(made, tmp_path / "home"))


def versions(desk: Desk) -> tuple[str, str, str]:
    """The honest card, the one that learned nothing, the trees."""
    honest, nothing, trees = find_builds(desk.home, NAMED)
    return honest, nothing, trees


def change(desk: Desk, version: str, content: bytes) -> None:
    with desk.home.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE document SET content = ? WHERE document_id = ?", (content, version))


def test_a_challenger_is_built_by_command_beside_the_card(desk, quick):
    """Every figure comes of folds that had no part in it; the challenger is kept and judged, and decides nothing yet."""
    at = instant(desk, "2020-03-06")
    before = champion(desk.home, NAMED, at=at), deciding_model(desk.home, NAMED.name, at=at)
    asked = ["model", "build", PRODUCT.name, "--as-of", "2020-03-21", "--recipe", "monotone_boosting", "--json"]
    said = CliRunner().invoke(cli, [*asked, "--home", str(desk.home.folder)])
    assert said.exit_code == 0, said.output
    told = {one["what"]: one["value"] for one in json.loads(said.stdout)}
    assert "auc, challenger minus card" in told
    assert told["beside the card"] in ("replace", "no evidence", "reject")
    *_, newest = find_builds(desk.home, NAMED)
    assert told["challenger"].startswith(newest[:12])
    assert newest_evidence(desk.home, NAMED, newest) is not None
    assert "against no champion" in told["beside the champion"]
    assert before == (champion(desk.home, NAMED, at=at), deciding_model(desk.home, NAMED.name, at=at))
    assert f"weilend model shadow {PRODUCT.name} {newest[:12]}" in told["to watch it"]


def test_too_few_outcomes_make_no_challenger(desk):
    asked = ["model", "build", PRODUCT.name, "--as-of", "2020-03-05", "--recipe", "additive_boosting"]
    schedule = load_schedule()
    few = msgspec.structs.replace(schedule, least_fresh_bads=10_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(challenger, "load_schedule", lambda: few)
        said = CliRunner().invoke(cli, [*asked, "--home", str(desk.home.folder)])
    assert isinstance(said.exception, TooFewError)
    assert "too few for additive_boosting" in str(said.exception)
    assert len(find_builds(desk.home, NAMED)) == 3


def test_card_and_challenger_are_built_by_one_command(desk, quick, monkeypatch):
    """Where outcomes are too few for trees the card stands alone, and it is said why; any other fault ends the command.

    The card's own build takes minutes and is tested with it; here it is said to be done.
    """
    monkeypatch.setattr(Desk, "build_model", lambda *_, **__: None)
    monkeypatch.setattr(model_commands, "_study_rows", lambda _: [("card", "built")])
    asked = ["model", "build", PRODUCT.name, "--as-of", "2020-03-21", "--home", str(desk.home.folder), "--json"]

    def told() -> dict[str, str]:
        said = CliRunner().invoke(cli, asked)
        assert said.exit_code == 0, said.output
        return {one["what"]: one["value"] for one in json.loads(said.stdout)}

    both = told()
    assert both["card"] == "built"
    *_, newest = find_builds(desk.home, NAMED)
    assert both["challenger"].startswith(newest[:12])
    few = msgspec.structs.replace(load_schedule(), least_fresh_bads=10_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(challenger, "load_schedule", lambda: few)
        alone = told()
    assert "too few for monotone_boosting" in alone["challenger"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(challenger, "product_material", lambda *_, **__: (_ for _ in ()).throw(InputError("something else")))
        broken = CliRunner().invoke(cli, asked)
    assert isinstance(broken.exception, InputError)


def test_a_challenger_is_held_against_the_champion_on_what_is_new_to_it(desk, quick):
    """The champion learned on 5 March: half of the outcomes are new to it on the 21st, and only these speak."""
    *_, trees = versions(desk)
    crown(desk, trees, "2020-03-06")
    at = instant(desk, "2020-03-21")
    made = build_challenger(desk.home, PRODUCT, monotone_boosting.NAME, as_of=at, at=at)
    assert made.evidence is not None
    assert made.evidence.champion == trees
    assert 0 < made.evidence.rows < made.build.rows


def test_who_shares_an_owner_is_on_one_side_of_a_split(desk):
    """Planted: two businesses of one owner; a fold that tears them apart would let a model know whom it is asked about."""
    material = product_material(desk.home, PRODUCT, as_of=instant(desk, "2020-03-21"), known_until=None)
    assert len(set(material.group.tolist())) == len(material.bad), "nobody shares anything here"
    first, second = material.see(()).ids[:2]
    who = {"from_kind": "business", "to_kind": "owner", "role": "owns", "evidence": "declared"}
    links = [fact_at("link", 0, from_id=name, to_id="P1", **who) for name in (first, second)]
    desk.home.book.append({"link": as_table(KINDS["link"], links)})
    again = product_material(desk.home, PRODUCT, as_of=instant(desk, "2020-03-21"), known_until=None)
    assert again.group[0] == again.group[1]
    assert len(set(again.group.tolist())) == len(again.bad) - 1


def test_a_boosted_challenger_lives_as_a_card_does(desk):
    honest, nothing, trees = versions(desk)
    crown(desk, nothing, "2020-03-05")
    put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-06"), trees)
    by_card = decide_many(desk, SOME, "2020-03-07")
    assert {one.sealed["model"] for one in by_card} == {nothing}
    assert all(one.points is not None and not one.note for one in shadow_scores(desk.home, trees))
    at = instant(desk, "2020-03-21")
    with pytest.raises(CheckError, match="of 12 scores in shadow 12 outcomes are known"):
        judge_shadow(desk.home, PRODUCT, trees, as_of=at, at=at)
    material = product_material(desk.home, PRODUCT, as_of=at, known_until=instant(desk, "2020-03-05"))
    assert judge_version(desk.home, NAMED, material, trees, at=at).verdict.verdict == "replace", "the champion learned nothing"
    with pytest.raises(InputError, match="ann proposed"):
        promote_model(desk.home, NAMED, act(desk, "ann", "2020-03-22"))
    promote_model(desk.home, NAMED, act(desk, "bob", "2020-03-22"))
    assert champion(desk.home, NAMED, at=instant(desk, "2020-03-22")) == trees

    by_trees = decide_many(desk, SOME, "2020-03-23")
    assert {one.sealed["model"] for one in by_trees} == {trees}
    crown(desk, honest, "2020-03-25")
    later = decide_many(desk, SOME, "2020-03-26")
    assert {one.sealed["model"] for one in later} == {honest}
    roll_back_model(desk.home, NAMED, act(desk, "program", "2020-03-27"))
    again = decide_many(desk, SOME, "2020-03-28")
    assert {one.sealed["model"] for one in again} == {trees}
    assert stages(desk, "2020-03-28") == {nothing: "superseded", trees: "champion", honest: "retired"}
    done = desk.replay()
    assert (done.of, done.identical) == (4 * len(SOME), 4 * len(SOME))
    assert desk.audit() == ()
    said = CliRunner().invoke(cli, ["replay", by_trees[0].receipt_id, "--home", str(desk.home.folder)])
    assert said.exit_code == 0, said.output
    shown = CliRunner().invoke(cli, ["model", "show", PRODUCT.name, "--home", str(desk.home.folder)])
    assert "monotone_boosting" in shown.output, shown.output


@pytest.fixture
def led(desk: Desk) -> Desk:
    """A home that the trees decide in."""
    crown(desk, versions(desk)[2], "2020-01-02")  # while the book is fresh, so that a model can turn an answer
    return desk


def test_a_decision_alone_is_that_of_a_batch_and_a_batch_asks_the_trees_once(led, monkeypatch):
    asked = []
    told = boosted_score.attribute_of
    monkeypatch.setattr(boosted_score, "attribute_of", lambda model, matrix: asked.append(len(matrix)) or told(model, matrix))
    many = decide_many(led, SOME, "2020-01-03")
    assert asked == [len(SOME)]
    for batch in many[:1]:
        alone = led.decide(PRODUCT.name, batch.application.business_id, "2020-01-03", consent="own-data")
        assert (alone.score, alone.decision, alone.sealed) == (batch.score, batch.decision, batch.sealed)
    assert asked == [len(SOME), 1]


def test_a_boosted_score_adds_up_and_states_values_in_both_languages(led):
    values, spoken = {one.name: one for one in FEATURES.features}, list[Reason]()
    for receipt in decide_many(led, SOME, "2020-01-03"):
        said = receipt.score
        assert said is not None
        assert said.points == said.base_points + sum(one.points for one in said.contributions)
        for one in said.contributions:
            assert one.value == receipt.features.values[one.feature]
            assert one.reason == values[one.feature].say(one.value)
        spoken += [one for one in receipt.decision.reasons if one.class_ == "model"]
    assert any(one.zh in {part.reason.zh for part in said.contributions} for one in spoken)


def rows_by_chance(seed: int, count: int) -> list[FeatureRow]:
    """Rows over every feature's whole range, most of them of the size that firms show, a tenth of the values not known."""
    dice = np.random.default_rng(seed)

    def value(one: Feature) -> int | None:
        most = one.hi if dice.random() < 0.1 else min(one.hi, 10 ** int(dice.integers(1, 12)))
        return None if dice.random() < 0.1 else int(dice.integers(one.lo, most, endpoint=True))

    return [
        FeatureRow(business_id=f"B{at}", as_of=0, feature_set=FEATURES.identity, newest_days=dict.fromkeys(FEATURES.kinds, 1),
                   values={one.name: value(one) for one in FEATURES.features})
        for at in range(count)
    ]  # fmt: skip


def sealed_receipt(sealed: Sealed, row: FeatureRow, said: Score | None) -> Receipt:
    hashes = seals(policy=sealed.evaluator.policy_id, product=PRODUCT.identity, model=said.model_id if said else None,
                   feature_set=FEATURES.identity, runtime=runtime(sealed.model))  # fmt: skip
    asked = Application(application_id="A", product=PRODUCT.name, business_id=row.business_id, as_of=0, consent_id="own-data")
    decision = sealed.evaluator.decide(row, FraudVerdict("clear"), said, NOTHING_OWED)
    return seal(application=asked, book_seq=1, sealed=hashes, features=row, fraud=FraudVerdict("clear"), score=said,
                standing=NOTHING_OWED, decision=decision, offer=Offer(status="not_assessed"))  # fmt: skip


def unlike(sealed: Sealed, rows: list[FeatureRow]) -> int:
    """How many rows are decided otherwise alone, or in a replay by the model that was kept, than together."""
    kept, found = msgspec.structs.replace(sealed, model=read_model(write_model(sealed.model))), 0
    for row, said in zip(rows, sealed.score(rows), strict=True):
        receipt = sealed_receipt(sealed, row, said)
        (alone,) = sealed.score([row])
        try:
            replay(receipt, sealed.evaluator, lambda one: kept.score([one])[0])
        except ReplayError:
            found += 1
        else:
            found += sealed_receipt(sealed, row, alone) != receipt
    return found


@pytest.fixture(scope="module")
def sealed(made: Path) -> Sealed:
    desk = open_desk(made)
    return Sealed(make_evaluator(PRODUCT, FEATURES), PRODUCT, FEATURES, read_version(desk.home, "model", versions(desk)[2]))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 6))
def test_a_row_is_decided_alike_alone_together_and_in_a_replay(sealed, seed, count):
    assert unlike(sealed, rows_by_chance(seed, count)) == 0


def test_a_planted_dependence_on_the_batch_is_seen(sealed, monkeypatch):
    encoded = boosted_score.encode
    monkeypatch.setattr(boosted_score, "encode", lambda table, slots: encoded(table, slots) * len(table))
    assert unlike(sealed, rows_by_chance(1, 4)) > 0


def problems(desk: Desk) -> tuple[str, ...]:
    return desk.replay(from_records=False).problems


def test_a_booster_of_which_a_digit_was_changed_neither_decides_nor_replays(led):
    trees = versions(led)[2]
    decide_many(led, SOME[:2], "2020-01-03")
    assert problems(led) == ()
    content = led.home.store.document("model", trees).content
    wrong = re.sub(rb"(leaf_value=-?0\.\d)(\d)", lambda seen: seen[1] + str((int(seen[2]) + 1) % 10).encode(), content, count=1)
    change(led, trees, wrong)
    with pytest.raises(CheckError, match="is not what its id says"):
        led.decide(PRODUCT.name, "E1", "2020-01-04", consent="own-data")
    assert len(problems(led)) == 2
    assert all(f"the stored model {trees} is not what its hash says" in one for one in problems(led))


def test_another_model_under_a_boosters_name_is_refused(led):
    honest, _, trees = versions(led)
    decide_many(led, SOME[:2], "2020-01-03")
    change(led, trees, led.home.store.document("model", honest).content)  # whole, and what its own id says
    with pytest.raises(CheckError, match=f"it is {honest}"):
        deciding_model(led.home, PRODUCT.model, at=instant(led, "2020-01-04"))
    assert all(f"the stored model {trees} is not what its hash says" in one for one in problems(led))


def test_a_replay_with_another_model_says_so(led):
    honest, _, _ = versions(led)
    receipts = decide_many(led, SOME, "2020-01-03")
    sealed, card = find_sealed(led.home, receipts[0].sealed), read_version(led.home, "model", honest)
    with pytest.raises(ReplayError, match=r"score\.\w+(\[\d\])?(\.\w+)? differs"):
        replay(receipts[0], sealed.evaluator, lambda row: score_rows(card, [row], FEATURES.features)[0])
    changes = read_changes(led.home, [f"model={honest[:8]}"], at=0)
    turned = attribute_flips(led.home, receipts, changes)
    assert {flip.cause for flip in turned.flips} <= {"models"}
    assert turned.moved + len(turned.flips) > 0, "two models do not say the same of twelve firms"
    back = attribute_flips(led.home, receipts, read_changes(led.home, [f"model={versions(led)[2]}"], at=0))
    assert (back.flips, back.moved) == ((), 0)


def test_what_cannot_score_in_shadow_says_so_of_every_row(desk):
    honest, _, trees = versions(desk)
    crown(desk, honest, "2020-03-05")
    put_in_shadow(desk.home, NAMED, act(desk, "ann", "2020-03-06"), trees)
    content = desk.home.store.document("model", trees).content
    change(desk, trees, content.replace(b'"seed":1', b'"seed":2'))
    watched = decide_many(desk, SOME[:3], "2020-03-07")
    said = {one.receipt_id: one for one in shadow_scores(desk.home, trees)}
    assert set(said) == {one.receipt_id for one in watched}
    assert all(one.points is None and "is not what its id says" in one.note for one in said.values())


def test_the_trees_library_is_sealed_only_where_trees_decide(led):
    def runtime_on(day: str) -> str:
        return decide_many(led, ["E1"], day)[0].sealed["runtime"]

    by_trees = runtime_on("2020-01-03")
    crown(led, versions(led)[0], "2020-01-04")
    assert runtime_on("2020-01-05") != by_trees
