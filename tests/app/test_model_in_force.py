"""Which version scores a table: the champion where there is one, what was named, the folder where nothing was promoted."""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.flat.files import MANIFEST, Manifest
from weilend.app.desk.flat.judging import Judged
from weilend.app.desk.home import Home, open_home
from weilend.app.desk.models import in_force
from weilend.app.desk.models.champion import Named, releases_of
from weilend.app.desk.models.in_force import find_scorer
from weilend.app.desk.models.life import put_in_shadow, register_folder, retire_model, roll_back_model
from weilend.app.desk.releases import Act
from weilend.core.errors import NotFoundError
from weilend.core.ids import bytes_hash, canonical_json
from weilend.models.card import Card
from weilend.models.recipes import flat_card
from weilend.models.sample import example_sample

LOANS = Named("flat_model", "loans")
DAY = 86_400


@pytest.fixture(scope="module")
def cards() -> tuple[Card, Card]:
    sample = example_sample(900)
    return flat_card.fit(sample, seed=1), flat_card.fit(sample.take(np.arange(500)), seed=1)


def build(folder: Path, card: Card) -> None:
    """Write what `weilend model build` leaves of a card."""
    content = canonical_json(card)
    judged = Judged(100, 20, 700_000, 10_000, "made up")
    manifest = Manifest(
        name="loans", recipe="card", model_id=card.model_id, content=bytes_hash(content), label="bad", id="loan", judged=judged,
        columns=tuple(item.feature for item in card.characteristics), split="made up", exception="", seed=1,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{manifest.content}.json").write_bytes(content)
    (folder / MANIFEST).write_bytes(canonical_json(manifest))


def crown(home: Home, version: str, at: int) -> None:
    """Promote without evidence, which is another test's matter."""
    put_in_shadow(home, LOANS, Act(who="ann", why="x", at=at), version)
    releases_of(home, LOANS).approve("loans", Act(who="bob", why="x", at=at), version)


@pytest.fixture
def home(tmp_path, cards) -> Home:
    """The first card is champion since day 1; the second was built later, and nobody promoted it."""
    opened = open_home(tmp_path / "home")
    build(opened.folder / "models" / "loans", cards[0])
    crown(opened, register_folder(opened, LOANS, at=DAY), DAY)
    build(opened.folder / "models" / "loans", cards[1])
    return opened


def version_of(home: Home, at: int, version: str = "") -> str:
    return find_scorer("loans", home.folder, version, at=at).version


def test_the_champion_scores_and_not_the_last_build(home, cards, monkeypatch) -> None:
    assert version_of(home, 2 * DAY) == cards[0].model_id
    assert version_of(home, 0) == cards[1].model_id, "before anything was promoted the folder scores"
    assert find_scorer("loans", home.folder, "", at=2 * DAY).why == "the champion of loans since 1970-01-02"
    assert find_scorer("loans", home.folder, "", at=2 * DAY).id == "loan"
    monkeypatch.setattr(in_force, "find_home", lambda _folder: None)  # the planted bug: nobody asks the home
    assert version_of(home, 2 * DAY) == cards[1].model_id


def test_another_version_may_be_named_by_its_first_letters(home, cards) -> None:
    for card in cards:
        assert version_of(home, 2 * DAY, card.model_id[:6]) == card.model_id
    with pytest.raises(NotFoundError, match="no version 'zz' of 'loans'") as caught:
        version_of(home, 2 * DAY, "zz")
    assert "weilend model list" in str(caught.value)
    folder = home.folder / "models" / "loans"
    assert find_scorer(str(folder), home.folder, "", at=2 * DAY).version == cards[1].model_id
    with pytest.raises(NotFoundError, match="not zz"):
        find_scorer(str(folder), home.folder, "zz", at=2 * DAY)


def test_a_folder_that_happens_to_bear_the_name_does_not_take_the_champions_place(home, cards, tmp_path, monkeypatch) -> None:
    build(tmp_path / "loans", cards[1])
    monkeypatch.chdir(tmp_path)
    assert version_of(home, 2 * DAY) == cards[0].model_id
    assert version_of(home, 0) == cards[1].model_id
    assert find_scorer("./loans", home.folder, "", at=2 * DAY).version == cards[1].model_id


def test_a_rollback_counts_and_after_a_retirement_nothing_scores(home, cards) -> None:
    crown(home, register_folder(home, LOANS, at=3 * DAY), 3 * DAY)
    assert version_of(home, 3 * DAY) == cards[1].model_id
    roll_back_model(home, LOANS, Act(who="cai", why="x", at=4 * DAY))
    assert version_of(home, 5 * DAY) == cards[0].model_id
    assert find_scorer("loans", home.folder, "", at=5 * DAY).why.endswith("1970-01-05")
    retire_model(home, LOANS, Act(who="cai", why="x", at=6 * DAY))
    with pytest.raises(NotFoundError, match="its champion was retired"):
        version_of(home, 7 * DAY)
    assert version_of(home, 7 * DAY, cards[1].model_id[:9]) == cards[1].model_id


def test_the_command_says_who_scored_and_the_file_is_as_the_folder_writes_it(home, cards, tmp_path) -> None:
    sample = example_sample(40)
    lines = [",".join(("loan", *sample.table.names))]
    for at, values in enumerate(sample.table.values.tolist()):
        shown = (column.show(value) for column, value in zip(sample.columns, values, strict=True))
        lines.append(",".join((f"L{at}", *shown)))
    (tmp_path / "new.csv").write_text("\n".join(lines), encoding="utf-8")

    def score(name: str, where: Path, *more: str) -> tuple[str, str]:
        out = tmp_path / "scores.csv"
        command = ["model", "score", name, "--table", tmp_path / "new.csv", "--out", out, "--home", where, *more]
        done = CliRunner().invoke(cli, [str(part) for part in command], standalone_mode=False, catch_exceptions=False)
        return done.output, out.read_text("utf-8-sig")

    said, written = score("loans", home.folder)
    assert said.splitlines()[1].startswith(f"scored by version {cards[0].model_id[:12]}, the champion of loans since ")
    build(tmp_path / "alone", cards[0])
    said, alone = score(str(tmp_path / "alone"), tmp_path / "nowhere")
    assert "in the folder" in said
    assert written == alone
    rows = list(csv.DictReader(written.splitlines()))
    assert [row["row"] for row in rows] == [f"L{at}" for at in range(40)]
    said, other = score("loans", home.folder, "--version", cards[1].model_id[:8])
    assert f"scored by version {cards[1].model_id[:12]}, which was named" in said
    assert other != written


def test_what_was_kept_before_rows_had_a_name_is_still_read() -> None:
    from weilend.app.desk.models.life import Build

    old = (
        b'{"name":"loans","version":"v","recipe":"card","as_of":0,"rows":9,"bads":1,"columns":[],"known_until":null,"about":""}'
    )
    assert msgspec.json.decode(old, type=Build).id == ""
