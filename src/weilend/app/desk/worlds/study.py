"""In: a world. Out: `WorldStudy`: what each contender finds in its later months on one alert budget. Used: by `weilend sim fraud`.

The first two thirds of the months are learned from, with what a lender would have known by then; the last third is gone through
with that. The truth is asked once all scores are there. A world that is given is not touched: its home is copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from os import link
from pathlib import Path
from shutil import copy2, copytree
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.app.desk.crowds import fill_profiles
from weilend.app.desk.fraud.models import fit_fraud, known_applications
from weilend.app.desk.fraud.rings import build_rings
from weilend.app.desk.home import open_home
from weilend.app.desk.intake.balances import check_balances
from weilend.app.desk.progress import Tell, say_nothing
from weilend.app.desk.worlds.audit import read_truth
from weilend.app.desk.worlds.making import WorldMade, make_world
from weilend.app.desk.worlds.study_known import confirm, shared_counts, tuned_view
from weilend.app.desk.worlds.study_scores import NIGHT_DAYS, Contenders, score_all
from weilend.app.desk.worlds.study_truth import Study, read_study
from weilend.core.errors import InputError, NotFoundError
from weilend.economy.audit.alerts import (
    FalseAlarms,
    Judged,
    RingTally,
    Tally,
    alert_by_month,
    floor_of,
    tally,
    tally_innocents,
    tally_rings,
)
from weilend.economy.audit.counts import Setting, taken, tune, weigh
from weilend.economy.firms import Bools, Floats, Ints
from weilend.economy.fraud import PATTERNS
from weilend.economy.plan import make_plan

#: The contenders, in the order of the page. `weilend` is the verdict at the application, with the night before the payout as well.
NAMES: Final = ("weilend", "weilend at application", "tuned counts", "isolation forest", "rings alone")
#: Of the months told, so many thirds are learned from.
_THIRDS: Final = 2
_LEVELS: Final = (0, 1, 2)
_LEAST_ROWS: Final = 20


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one contender found with the budget spent to the last in each month, and `by_floor`, set on the earlier part.

    `parts` are by pattern and level of skill, level -1 all levels together.
    """

    whole: Tally
    by_floor: Tally
    parts: dict[str, Tally]
    rings: RingTally
    innocents: dict[str, FalseAlarms]


class WorldStudy(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a world: which it was, how many were learned from and gone through, how many of the later were stopped
    before any contender was asked (and how many of these would have paid), what was confirmed, how the counts were tuned, and the
    result of each contender."""

    made: WorldMade
    night_days: int
    learned_from: int
    gone_through: int
    stopped: tuple[int, int]
    confirmed: tuple[int, int]
    setting: str
    results: dict[str, Result]


def study_drawn(
    world_seeds: Sequence[int],
    *,
    businesses: int,
    months: int,
    seed: int,
    budget_ppm: int,
    night_days: int = NIGHT_DAYS,
    workers: int = 2,
    tell: Tell = say_nothing,
) -> list[WorldStudy]:
    """Make one world for each seed of constants, study it, and throw it away; each process has a world of its own."""
    found: list[WorldStudy] = []
    one = partial(_study_one, businesses, months, seed, budget_ppm, night_days)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for study in pool.map(one, world_seeds):
            found.append(study)
            tell("study worlds", len(found), len(world_seeds))
    return found


def _study_one(businesses: int, months: int, seed: int, budget_ppm: int, night_days: int, world_seed: int) -> WorldStudy:
    pa.set_cpu_count(1)  # each process has its core
    with TemporaryDirectory() as name:
        folder = Path(name) / "world"
        make_world(make_plan(businesses=businesses, months=months, seed=seed, world_seed=world_seed), folder, workers=1)
        return _study(folder, budget_ppm, night_days)


def study_world(folder: Path, *, budget_ppm: int, night_days: int = NIGHT_DAYS) -> WorldStudy:
    """Study the world in a folder, which stays as it is; `NotFoundError` where there is none, `InputError` for too small a one."""
    if not (folder / "world.json").is_file():
        raise NotFoundError(f"no world in {folder}", hint="make one with: weilend sim world --out FOLDER")
    with TemporaryDirectory(dir=folder.parent) as name:
        copy = Path(name) / "world"
        copytree(folder, copy, copy_function=_copy)
        return _study(copy, budget_ppm, night_days)


def _copy(source: str, target: str) -> None:
    """Link what is never written twice, and copy the rest."""
    if source.endswith(".parquet"):
        link(source, target)
    else:
        copy2(source, target)


def _study(folder: Path, budget_ppm: int, night_days: int) -> WorldStudy:
    made = msgspec.json.decode((folder / "world.json").read_bytes(), type=WorldMade)
    home, truth = open_home(folder / "home", create=False), read_truth(folder)
    view = home.book.view()
    study = read_study(view, known_applications(view, 2**40), truth, made.months * _THIRDS // 3)
    if min(study.course.early.sum(), study.course.later.sum()) < _LEAST_ROWS:
        raise InputError(f"{len(study.course.applications)} applications are too few to study", hint="give more --businesses")
    confirm(home, view, study)
    fill_profiles(home, study.course.applications)
    check_balances(home, study.course.applications)
    build_rings(home)
    model = fit_fraud(home, as_of=study.course.cut_at, at=study.course.cut_at, budget_ppm=budget_ppm, seed=made.seed)
    said = score_all(home, study.course, seed=made.seed, night_days=night_days)
    counts = shared_counts(view, study.course)
    setting = tune(counts, tuned_view(study), np.flatnonzero(study.course.early & ~said.stopped), budget_ppm)
    stopped = study.course.later & said.stopped
    return WorldStudy(
        made=made,
        night_days=night_days,
        learned_from=int(study.course.early.sum()),
        gone_through=int((study.course.later & ~stopped).sum()),
        stopped=(int(stopped.sum()), int((stopped & study.judged.is_good & (study.judged.level < 0)).sum())),
        confirmed=model.confirmed,
        setting=str(setting),
        results=judge_contenders(study, scores_of(said, counts, setting), budget_ppm, stopped=said.stopped),
    )


def scores_of(said: Contenders, counts: Mapping[str, Mapping[tuple[int, int], Ints]], setting: Setting) -> dict[str, Floats]:
    """Return the score of every application by contender."""
    scores = (said.by_payout, said.at_application, weigh(counts, setting), said.forest, said.ring)
    return dict(zip(NAMES, scores, strict=True))


def judge_contenders(study: Study, scores: Mapping[str, Floats], budget_ppm: int, *, stopped: Bools) -> dict[str, Result]:
    """Return what each contender finds in the later months: the truth is asked here and nowhere before.

    Who was `stopped` (n) is nobody's alert and in nobody's budget.
    """
    rows, early = np.flatnonzero(study.course.later & ~stopped), study.course.early & ~stopped
    judged = taken(study.judged, rows)
    found = {}
    for name, score in scores.items():
        alert = alert_by_month(score[rows], judged.month, budget_ppm)
        above = score[rows] > floor_of(score[early], budget_ppm)
        found[name] = Result(
            whole=tally(judged, alert),
            by_floor=tally(judged, above),
            parts=_parts(judged, alert),
            rings=tally_rings(judged, alert),
            innocents=tally_innocents(judged, alert),
        )
    return found


def _parts(judged: Judged, alert: Bools) -> dict[str, Tally]:
    parts = {}
    for number, name in enumerate(PATTERNS):
        mine = judged.pattern == number
        parts[f"{name} -1"] = tally(judged, alert, mine)
        for one in _LEVELS:
            parts[f"{name} {one}"] = tally(judged, alert, mine & (judged.level == one))
    return parts
