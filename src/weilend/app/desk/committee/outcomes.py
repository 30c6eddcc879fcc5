"""In: a `Result`. Out: what became of the known businesses, by out-of-fold grade. Used: by the section on how well it ranks."""

from __future__ import annotations

from collections.abc import Iterator

from weilend.app.desk.committee.words import percent, share_ppm, wilson
from weilend.app.desk.run import Result
from weilend.models.prior import shift_prior
from weilend.report import Column, DataTable


def tabulate_outcomes(result: Result) -> DataTable:
    """Return what the card said of each grade out of fold, beside what became of it, at the sample's own bad rate."""
    card, run = result.study.card, result.study.card_runs[0]
    sample = shift_prior(run.pd_ppm, from_ppm=card.prior_ppm, to_ppm=card.sample_ppm)
    return DataTable(
        title="What became of each grade, out of fold 各等级实际违约",
        caption=f"Grades are those of the portfolio ({percent(card.prior_ppm)} bad). To be held against this sample, PDs are "
        f"moved to its own rate of {percent(card.sample_ppm)}. Low PDs rest on few businesses: read the interval, not the rate. "
        f"Seed {result.study.about.seeds[0]}.",
        columns=(
            Column(title="Grade 等级"),
            Column(title="Businesses 企业", unit="count"),
            Column(title="Bads 违约", unit="count"),
            Column(title="Bad rate 实际违约率", unit="ppm", places=1),
            Column(title="95 % from", unit="ppm", places=1),
            Column(title="to", unit="ppm", places=1),
            Column(title="Mean PD, sample's rate", unit="ppm", places=1),
            Column(title="Mean PD, portfolio", unit="ppm", places=1),
            Column(title="PD in the interval"),
        ),
        rows=tuple(_rows(result, run.pd_ppm.tolist(), sample.tolist())),
    )


def find_grade(result: Result, grade: str) -> list[int]:
    """Return which known businesses (row numbers) have a grade out of fold, by the first seed's PDs."""
    grades, portfolio = result.sealed.product.grades, result.study.card_runs[0].pd_ppm.tolist()
    low = max((bound for bound in grades.values() if bound < grades[grade]), default=0)
    return [place for place, pd in enumerate(portfolio) if low <= pd < grades[grade]]


def _rows(result: Result, portfolio: list[int], sample: list[int]) -> Iterator[tuple[str | int | None, ...]]:
    bad = result.population.bad().tolist()
    for grade in result.sealed.product.grades:
        inside = find_grade(result, grade)
        bads = sum(bad[place] for place in inside)
        yield _row(grade, bads, [sample[place] for place in inside], [portfolio[place] for place in inside])


def _row(grade: str, bads: int, sample: list[int], portfolio: list[int]) -> tuple[str | int | None, ...]:
    count = len(sample)
    if not count:
        return (grade, 0, 0, None, None, None, None, None, "–")
    low, high = wilson(bads, count)
    mean = round(sum(sample) / count)
    said = "yes 是" if low <= mean <= high else "no 否"
    return (
        *(grade, count, bads, share_ppm(bads, count), low, high),
        *(mean, round(sum(portfolio) / count), said),
    )
