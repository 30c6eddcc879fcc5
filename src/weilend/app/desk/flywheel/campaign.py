"""In: seeds, worlds, sizes. Out: many runs, and one table of what they came to. Used: by the nightly campaign.

Each run lives in a folder that is thrown away; only its result stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flywheel.company import run_company
from weilend.app.desk.flywheel.ground import plan_run
from weilend.app.desk.flywheel.results import BAR_PPM, FLYWHEEL, TUNED, Result, cheaper_and_safer, kinder_to_thin
from weilend.app.desk.flywheel.run import Settings
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.money import PPM

#: Draws of runs by which the interval of a mean is found.
DRAWS: Final = 4_000


class Mean(msgspec.Struct, frozen=True):
    """The mean of a share (ppm) over runs, with its 95 % interval over runs; None of a run is left out and counted.

    >>> mean_of([200_000, 400_000, None]).runs
    2
    """

    runs: int
    estimate_ppm: int
    lo_ppm: int
    hi_ppm: int


def run_many(
    worlds: Sequence[tuple[int, int]],
    *,
    users: int,
    months: int,
    settings: Settings,
    workers: int = 2,
    tell: Tell = say_nothing,
) -> list[Result]:
    """Run a company in each world, given as (seed, world seed), and return the results in that order."""
    found = []
    for number, (seed, world_seed) in enumerate(worlds, start=1):
        with TemporaryDirectory() as name:
            plan = plan_run(users=users, months=months, seed=seed, world_seed=world_seed)
            found.append(run_company(plan, Path(name) / "run", settings, workers=workers))
        tell("run companies", number, len(worlds))
    return found


def mean_of(shares_ppm: Sequence[int | None]) -> Mean:
    """Return the mean of the shares that there are, with a percentile bootstrap over runs.

    >>> mean_of([600_000, 600_000])
    Mean(runs=2, estimate_ppm=600000, lo_ppm=600000, hi_ppm=600000)
    """
    known = np.array([one for one in shares_ppm if one is not None], np.float64)
    if not len(known):
        return Mean(0, 0, 0, 0)
    dice = np.random.default_rng(1)
    drawn = known[dice.integers(0, len(known), (DRAWS, len(known)))].mean(axis=1)
    lo, hi = np.quantile(drawn, (0.025, 0.975))
    return Mean(len(known), round(float(known.mean())), round(float(lo)), round(float(hi)))


def write_table(results: Sequence[Result]) -> str:
    """Return the runs as a page of Markdown: a row a run, then the means with their intervals and what became of each bar.

    >>> "| seed |" in write_table([])
    True
    """
    head = (
        "| seed | world | applied | model from | share | share since | of what files say | profit | tuned | APR, loss | thin |"
    )
    rows = [head, "|" + "---|" * (head.count("|") - 1)]
    for one in results:
        line = {each.name: each for each in one.lines}
        rows.append(
            f"| {one.seed} | {one.world_seed or 'default'} | {one.applications:,} | {one.first_model_month or 'never'} "
            f"| {_percent(one.share_ppm)} | {_percent(one.later_share_ppm)} | {_percent(one.later_visible_share_ppm)} "
            f"| {line[FLYWHEEL].profit_fen // 100:,} | {line[TUNED].profit_fen // 100:,} "
            f"| {'met' if cheaper_and_safer(one) else 'missed'} | {'met' if kinder_to_thin(one) else 'missed'} |"
        )
    whole, later = (mean_of([getattr(one, name) for one in results]) for name in ("share_ppm", "later_share_ppm"))
    told = [
        f"Share of the way from tuned rules to the oracle, all months: {_interval(whole)}; "
        f"since a model decides: {_interval(later)}.",
        f"The bar is {BAR_PPM / PPM:.0%} with the interval above 0: "
        f"{'met' if whole.runs and whole.estimate_ppm >= BAR_PPM and whole.lo_ppm > 0 else 'missed'}.",
        f"Good firms pay less at no more loss in {sum(map(cheaper_and_safer, results))} of {len(results)} runs; "
        f"more good thin files at no higher bad rate in {sum(map(kinder_to_thin, results))}.",
    ]
    return "\n".join([*rows, "", *told, ""])


def _percent(share_ppm: int | None) -> str:
    return "–" if share_ppm is None else f"{share_ppm / PPM:.0%}"


def _interval(mean: Mean) -> str:
    return f"{mean.estimate_ppm / PPM:.0%} ({mean.lo_ppm / PPM:.0%} to {mean.hi_ppm / PPM:.0%}, {mean.runs} runs)"
