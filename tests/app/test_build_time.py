"""Time may cut a build short and must then say so; where it does not bind, the clock has no part in what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weilend.app.desk.flat import evidence, judging, models
from weilend.app.desk.flat.allowance import ENDS, Allowance, Cut, Step
from weilend.app.desk.flat.evidence import gather_evidence
from weilend.app.desk.flat.files import read_flat_model, write_flat_model
from weilend.app.desk.flat.models import Ask, Source, build_flat
from weilend.app.desk.models.files import build_rows, write_report
from weilend.core.ids import canonical_json
from weilend.models.flat import Roles
from weilend.models.recipes import boosters, monotone_boosting
from weilend.models.recipes.monotone_boosting import never
from weilend.models.training import Budget, Stop
from weilend.models.validation import ranking

STEPS = list(ENDS)


def ticking(every: int) -> Callable[[], int]:
    """A clock that goes on by so many seconds whenever it is read."""
    ticks: Iterator[int] = count(0, every)
    return lambda: next(ticks)


def check_law(seconds: int, every: int, step: Step, pieces: int) -> None:
    """What is done and what is said to be cut add up to all there was."""
    allowance, done = Allowance(seconds, ticking(every)), 0
    stop = allowance.watch("pieces", step, of=pieces)
    while done < pieces and not stop():
        done += 1
    assert allowance.cuts == (() if done == pieces else (Cut("pieces", done, pieces),))
    if allowance.cuts:
        assert stop(), "what is over stays over"
        assert len(allowance.cuts) == 1
    if every == 0:
        assert done == pieces


@given(st.integers(1, 40), st.integers(0, 30), st.sampled_from(STEPS), st.integers(1, 20))
def test_what_is_done_and_what_is_said_add_up(seconds: int, every: int, step: Step, pieces: int) -> None:
    check_law(seconds, every, step, pieces)


def test_a_clock_that_cuts_in_silence_is_caught(monkeypatch) -> None:
    """The safety, with its bug planted: an allowance that ends work and keeps no cut breaks the law above."""
    check_law(10, 3, "search", 9)
    monkeypatch.setattr(Allowance, "cuts", property(lambda _self: ()))
    with pytest.raises(AssertionError):
        check_law(10, 3, "search", 9)


def test_steps_end_in_order_and_a_share_of_a_step_ends_within_it() -> None:
    assert list(ENDS.values()) == sorted(ENDS.values())
    for second, share, is_over in ((49, 500_000, False), (50, 500_000, True), (59, 1_000_000, False), (60, 1_000_000, True)):
        ticks = iter([0, second])
        stop = Allowance(100, lambda ticks=ticks: next(ticks)).watch("folds", "judge", of=2, share_ppm=share)
        assert stop() == is_over


def test_without_seconds_no_clock_is_read() -> None:
    def broken() -> int:
        raise AssertionError("read")

    assert not Allowance(None, broken).watch("pieces", "search", of=1)()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    sample = monotone_boosting.example_sample(240)
    path = tmp_path_factory.mktemp("time") / "loans.csv"
    lines = ["sales,debt,region,age,bad"]
    rows = zip(sample.table.values.tolist(), sample.table.known.tolist(), sample.bad.tolist(), strict=True)
    for values, known, bad in rows:
        cells = [str(value) if there else "" for value, there in zip(values, known, strict=True)]
        lines.append(",".join((*cells[:2], f"r{cells[2]}", cells[3], str(bad))))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module", autouse=True)
def _quick():
    def fit(sample, *, seed: int, trials: int, stop: Stop = never):
        return monotone_boosting.fit(
            sample, seed=seed, trials=trials, stop=stop, budget=Budget(folds=2, repeats=1, most_trees=5)
        )

    quick = boosters.with_trials(fit)
    with pytest.MonkeyPatch.context() as patch:
        whole = models.RECIPES["monotone_boosting"]
        recipe = msgspec.structs.replace(whole, fit=quick, fit_until=quick)
        patch.setitem(models.RECIPES._things, "monotone_boosting", recipe)
        for module, name, value in (
            (boosters, "TRIALS", 3), (evidence, "REFITS", 2), (evidence, "BAND_REFITS", 2), (judging, "FOLDS", 2),
            (ranking, "MOST_DRAWN", 30_000),
        ):  # fmt: skip
            patch.setattr(module, name, value)
        yield


def ask_of(table, recipe: str = "both") -> Ask:
    sources = (Source("books", None, ("sal*",)), Source("bureau", None, ("debt",)))
    return Ask(name="loans", table=table, roles=Roles(label="bad"), recipe=recipe, sources=sources)


def made(table, allowance: Allowance | None, recipe: str = "both"):
    built = build_flat(ask_of(table, recipe), allowance=allowance)
    return built, gather_evidence(built, allowance=allowance)


def read(built, found) -> bytes:
    """All that comes of a build, the champion and the other, as bytes."""
    rival = built.rival.model_id if built.rival else built.note
    return canonical_json((built.model_id, built.validation, rival, found))


def test_where_time_does_not_bind_the_clock_has_no_part(table, tmp_path) -> None:
    """Slow or quick, with or without a clock: the same bytes, and the manifest and the page say that nothing was cut."""
    without = made(table, None)
    allowance = Allowance(10_000, ticking(7))
    built, found = made(table, allowance)
    assert allowance.cuts == ()
    assert read(built, found) == read(*without)
    assert built.rival is not None
    write_flat_model(built, tmp_path, allowance.cuts)
    assert read_flat_model(tmp_path)[0].cut == ()
    html = write_report(built, found, tmp_path, purpose="", allowance=allowance).read_text("utf-8")
    assert "nothing was cut short" in html
    assert "Cut short for time" not in html


def test_a_search_that_time_ends_is_the_shorter_search_and_is_told_everywhere(table, tmp_path, monkeypatch) -> None:
    allowance = Allowance(100, ticking(15))
    built, found = made(table, allowance, "monotone_boosting")
    search = allowance.cuts[0]
    assert (search.what, search.of) == ("trials of monotone_boosting", 3)
    assert 0 < search.done < 3
    monkeypatch.setattr(boosters, "TRIALS", search.done)
    assert build_flat(ask_of(table, "monotone_boosting")).model_id == built.model_id
    write_flat_model(built, tmp_path, allowance.cuts)
    assert read_flat_model(tmp_path)[0].cut == allowance.cuts
    html = write_report(built, found, tmp_path, purpose="", allowance=allowance).read_text("utf-8")
    told = [value for name, value in build_rows(built, found, tmp_path, allowance.cuts) if name == "cut short for time"]
    assert told == [one.text for one in allowance.cuts]
    assert "Cut short for time" in html
    assert all(text in html for text in told)


def test_with_no_time_at_all_there_is_a_card_and_every_step_says_what_it_left(table) -> None:
    allowance = Allowance(1, ticking(10))
    built, found = made(table, allowance)
    assert (built.ask.recipe, built.rival) == ("card", None)
    assert built.note == "no challenger was built: the card took the time"
    assert (found.kept_reasons_ppm, found.refits, found.bands) == (None, 0, ())
    assert found.sources is not None
    assert [(one.knows, one.alone) for one in found.sources.worth] == [("unknown", None)] * 2
    assert found.sources.whole is not None
    assert {one.what.split()[0] for one in allowance.cuts} == {"challenger", "cards"}
    assert all(one.done == 0 for one in allowance.cuts)


def test_more_minutes_reach_larger_challengers_without_a_clock(table, monkeypatch) -> None:
    monkeypatch.setattr(models, "CHALLENGED_CELLS_A_MINUTE", 1_200)
    one, five = (build_flat(ask_of(table), allowance=Allowance(60 * minutes, lambda: 0)) for minutes in (1, 5))
    assert one.rival is None
    assert one.note.startswith("no challenger was built: 240 rows of 4 columns are more than the minutes allow")
    assert five.rival is not None
