"""A model of a flat table: judged, promoted, renewed and exported by the command line; and what each sign of age makes of it."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.models.life import Build
from weilend.app.desk.models.renewal import judge_recalibration, judge_refit, read_signs, recalibrate
from weilend.app.desk.models.renewal_material import Material
from weilend.app.desk.models.renewal_schedule import choose_action, load_schedule
from weilend.core.errors import WeilendError
from weilend.core.money import PPM
from weilend.models.recipes import flat_card
from weilend.models.recipes.monotone_boosting import example_model, example_sample
from weilend.models.sample import Sample
from weilend.models.table import Table

ROLES = "--label bad --bad yes --time month --id id"


def write_loans(path: Path) -> None:
    """Three years of loans; in the last, income says twice as much, and the worst of it comes from another column."""
    dice = np.random.default_rng(5)
    rows = 900
    month, income, used = np.arange(rows) * 36 // rows, dice.lognormal(9, 0.6, rows), dice.random(rows)
    late = month >= 24
    danger = np.where(late, 6 * used - 4, 10.2 - 1.2 * np.log(income))
    bad = dice.random(rows) < 1 / (1 + np.exp(-danger))
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        write(["id", "month", "income", "used", "bad"])
        for at in range(rows):
            day = f"{2021 + month[at] // 12}-{1 + month[at] % 12:02d}"
            write([f"L{at}", day, f"{income[at]:.2f}", f"{used[at]:.3f}", "yes" if bad[at] else "no"])


def run(line: str) -> str:
    done = CliRunner().invoke(cli, shlex.split(line), standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.stdout


def told(line: str) -> dict[str, str]:
    return {row["what"]: row["value"] for row in json.loads(run(f"{line} --json"))}


def test_a_flat_model_lives_by_the_same_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_loans(tmp_path / "all.csv")
    lines = (tmp_path / "all.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "old.csv").write_text("".join(lines[:601]), encoding="utf-8")
    home = "--home home"
    run(f"model build loans --table old.csv {ROLES} --out built {home}")
    run(f"model shadow loans --who ann --why first {home}")
    with pytest.raises(WeilendError, match="is good enough"):
        run(f"model promote loans --who bob --why first {home}")
    with pytest.raises(WeilendError, match="nobody said up to when"):
        run(f"model evidence loans --table old.csv {ROLES} {home}")
    first = told(f"model evidence loans --table old.csv {ROLES} --since 2022-07-01 --out first.json {home}")
    assert (first["champion"], first["how"]) == ("none", "on outcomes known since it was built")
    run(f"model promote loans --who bob --why first --evidence first.json {home}")
    with pytest.raises(WeilendError, match="nobody said up to when"):
        run(f"model renew loans --table all.csv {ROLES} {home}")
    renewed = told(f"model renew loans --table all.csv {ROLES} --since 2023-01-01 {home}")
    assert renewed["action"] == "refit", renewed
    stages = {row["stage"] for row in json.loads(run(f"model list loans --json {home}"))}
    assert stages == {"champion", "shadow"}
    said = run(f"model export loans --to python --out card.py {home}")
    assert "300 rows run here, and score as the model does" in said
    assert (tmp_path / "card.check.py").is_file()
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(WeilendError, match="no target of an export 'cobol'"):
        run(f"model export loans --to cobol --out card.cob {home}")
    with pytest.raises(WeilendError, match="it is judged on a table"):
        run(f"model renew loans {home}")
    assert {path.name for path in tmp_path.iterdir()} == before


def material(sample: Sample, fresh: slice, days: int = 30) -> Material:
    places = np.zeros(len(sample), dtype=np.bool_)
    places[fresh] = True

    def see(columns: object) -> Table:
        return sample.table

    return Material(
        recipe="card", as_of=days * 86_400, bad=sample.bad, group=sample.group, fresh=places, see=see,
        see_now=lambda _columns: sample.table.take(places), columns=sample.columns, prior_ppm=None, known_until=days * 86_400,
        fit_by=lambda _, rows, seed: flat_card.fit(sample.take(rows), seed=seed),
    )  # fmt: skip


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Rows in chance order, so that old and new ones are alike."""
    made = example_sample(1_600, seed=9)
    return made.take(np.random.default_rng(1).permutation(len(made)))


def old(sample: Sample) -> tuple[flat_card.Card, Build]:
    card = flat_card.fit(sample.take(np.arange(800)), seed=1)
    return card, Build(name="x", version=card.model_id, recipe="card", as_of=0, rows=800, bads=1, columns=sample.columns)


NEW = slice(800, 1_600)


def test_a_champion_that_holds_is_left_alone_until_it_is_due(sample):
    card, build = old(sample)
    signs = read_signs(card, build, material(sample, NEW))
    assert choose_action(signs, load_schedule())[0] == "nothing", signs
    aged = read_signs(card, build, material(sample, NEW, days=400))
    assert choose_action(aged, load_schedule()) == ("refit", ("400 days old, due after 365",))
    few = read_signs(card, build, material(sample, slice(1_500, 1_600), days=400))
    assert choose_action(few, load_schedule())[1][0].startswith("not enough: ")


def test_a_broken_intercept_is_repaired_and_the_repair_shown_on_rows_it_did_not_see(sample):
    card, build = old(sample)
    worse = sample.bad.copy()
    late = np.arange(800, 1_600)
    worse[late[np.random.default_rng(2).random(800) < 0.2]] = 1  # a fifth of the new goods go bad, wherever they stood
    broken = msgspec.structs.replace(sample, bad=worse)
    signs = read_signs(card, build, material(broken, NEW))
    assert signs.update.kind != "none"
    assert choose_action(msgspec.structs.replace(signs, can_bend=True), load_schedule())[0] == "recalibrate"
    mended = recalibrate(card, signs.update)
    made = mended, msgspec.structs.replace(build, version=mended.model_id)
    found = judge_recalibration(material(broken, NEW), (card, build), made)
    by_metric = {one.metric: one for one in found.verdict.differences}
    assert (by_metric["auc"].estimate, by_metric["log_loss"].better) == (0, "first")
    assert found.verdict.gains == ("log_loss",)
    assert (mended.predict(sample.table).points == card.predict(sample.table).points).all()


def test_what_drifted_is_refitted(sample):
    card, build = old(sample)
    values = sample.table.values.copy()
    values[NEW, 0] = values[NEW, 0] // 8  # sales of the new ones fall to an eighth
    moved = msgspec.structs.replace(sample, table=msgspec.structs.replace(sample.table, values=values))
    signs = read_signs(card, build, material(moved, NEW))
    assert signs.drift in ("amber", "red")
    assert choose_action(signs, load_schedule())[0] == "refit"


def test_a_refit_is_judged_on_rows_that_neither_has_seen(sample):
    """A challenger that cheats (it knows the fresh rows by heart) is not what is judged: its recipe is, without these rows."""
    card, build = old(sample)
    whole = flat_card.fit(sample, seed=1)
    made = whole, msgspec.structs.replace(build, version=whole.model_id)
    found = judge_refit(material(sample, NEW), (card, build), made)
    assert (found.rows, found.champion, found.challenger) == (800, card.model_id, whole.model_id)
    assert found.verdict.verdict in ("no_evidence", "keep"), "the same recipe on rows that are alike is no gain"


def test_a_booster_is_recalibrated_without_new_trees():
    from weilend.models.calibration import Update

    model = example_model()
    mended = recalibrate(model, Update("intercept", 400_000, PPM, 0, 0))
    assert mended.trees == model.trees
    assert mended.pd_ppm[300] > model.pd_ppm[300]
