"""In: a file of scores. Out: its validation, and the page that tells it. Used: by `weilend model validate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from weilend.app.desk.models.score_files import ScoreAsk, ScoreFile, read_scores
from weilend.app.desk.models.validation import limit_section, probability_section, ranking_section, verdict_section
from weilend.app.desk.models.validation_parts import cutoff_section, segment_sections, stability_section
from weilend.app.desk.models.words import head_verdicts, say_interval, say_rate, say_reading
from weilend.core.ids import content_hash
from weilend.models.judgement import Difference
from weilend.models.validation import Validation, validate
from weilend.report import Block, Callout, Column, DataTable, Page, Section, show

#: What each part of a file is called on the page.
PARTS = {
    "outcome": "outcome 结果",
    "pd": "PD 违约概率",
    "score": "score 评分",
    "date": "date 日期",
    "segment": "segment 客群",
    "group": "group 分组",
    "weight": "weight 权重",
    "row": "names rows 行号",
}


class Validated(msgspec.Struct, frozen=True, eq=False):
    """A file of scores and its validation."""

    file: Path
    scored: ScoreFile
    found: Validation


def validate_scores(ask: ScoreAsk) -> Validated:
    """Return the validation of a file of scores; errors are those of `read_scores`."""
    scored = read_scores(ask)
    return Validated(ask.table, scored, validate(scored.rows, seed=ask.seed, name=ask.table.stem))


def figure_rows(found: Validation) -> list[tuple[str, object]]:
    """Return what a terminal shows of a validation: figures with their intervals, then every gate."""
    held, shift = found.probabilities, found.shift
    rows: list[tuple[str, object]] = [
        ("rows", f"{found.rows:,}, {found.bads:,} of them bad ({say_rate(found.bad_rate)})"),
        ("AUC", say_interval(found.ranking.auc)),
        ("KS", say_interval(found.ranking.ks)),
        ("Gini", say_interval(found.ranking.gini)),
    ]
    if held:
        rows += [
            ("calibration slope", say_interval(held.fitness.slope)),
            ("level of PDs, logits", say_interval(held.fitness.intercept, signed=True)),
            ("Brier score", f"{held.brier_ppm / 1_000_000:.4f} (one rate for all: {held.flat_brier_ppm / 1_000_000:.4f})"),
        ]
    if shift:
        moved = shift.moved
        said = (
            f"{show(moved.psi_ppm, 'fraction_ppm')} (chance: up to {show(moved.chance_95_ppm, 'fraction_ppm')}), "
            f"{shift.before} to {shift.after}"
        )
        rows.append(("PSI of points", said))
    rows += [(f"gate {one.gate}", f"{one.state} ({say_reading(one)})") for one in found.verdicts]
    return [*rows, ("all gates", head_verdicts(found.verdicts)[0])]


def compose_validation(done: Validated) -> Page:
    """Return the page of a validated file of scores."""
    found, scored = done.found, done.scored
    sections = [
        verdict_section(found),
        _source(done),
        ranking_section(found),
        probability_section(found),
        stability_section(found),
        *segment_sections(found),
        cutoff_section(found),
        *benchmark_sections(found.benchmark),
        limit_section(found, scored.assumed),
    ]
    return Page(
        title=f"Validation of {done.file.stem}",
        title_zh="评分验证报告",
        subtitle=f"{done.file.name} · {found.rows:,} rows with a score and an outcome, {found.bads:,} bad",
        lead="What a score said, held against what happened. Nothing here is called good or bad that was not tested; each "
        "verdict names its test and its bounds.",
        sections=tuple(sections),
        made_from=(("scores", scored.content), ("validation", content_hash(found)), ("seed", str(found.seed))),
    )


def _source(done: Validated) -> Section:
    scored = done.scored
    blocks: list[Block] = [
        DataTable(
            title="From the file to the rows judged 样本流转",
            columns=(
                Column(title="Step 步骤"),
                Column(title="Rows 样本", unit="count"),
                Column(title="Bads 违约", unit="count"),
            ),
            rows=tuple((step.reason, step.rows, step.bads) for step in scored.steps),
        ),
        DataTable(
            title="Which column plays which part 字段",
            columns=(Column(title="Part 角色"), Column(title="Column 列")),
            rows=tuple((PARTS[part], column) for part, column in scored.parts),
        ),
    ]
    if scored.assumed:
        blocks.append(Callout(tone="warning", title="Taken for granted 数据假设", items=scored.assumed))
    return Section(id="source", title="What was judged", title_zh="数据来源", blocks=tuple(blocks))


def benchmark_sections(differences: tuple[Difference, ...]) -> list[Section]:
    """Return how a score compares with a benchmark on the same rows; nothing without one."""
    if not differences:
        return []
    table = difference_table(differences)
    return [Section(id="benchmark", title="Against the benchmark", title_zh="与基准比较", blocks=(table,))]


def difference_table(differences: Sequence[Difference], *, title: str = "") -> DataTable:
    """Return paired differences as a table that says of each what its interval shows.

    >>> len(difference_table([Difference("a", "b", "auc", 8_000, 2_000, 14_000, 3_000)]).rows)
    1
    """
    return DataTable(
        title=title,
        caption=f"{differences[0].first} minus {differences[0].second}: every bootstrap of whole groups judges both on the same "
        "rows. Where the interval contains 0, no difference is shown. Of the log loss less is better.",
        columns=(
            Column(title="Figure 指标"),
            Column(title="Difference 差异"),
            Column(title="95 %"),
            Column(title="What that shows 含义"),
        ),
        rows=tuple(difference_row(one) for one in differences),
    )


def difference_row(one: Difference) -> tuple[str, str, str, str]:
    """Return a paired difference as a row: the figure, the difference, its interval, and what the interval shows.

    >>> difference_row(Difference("a", "b", "auc", 8_000, 2_000, 14_000, 3_000))
    ('AUC', '+0.0080', '+0.0020 to +0.0140', 'a ranks better on these rows, beyond chance')
    """
    lo, hi = (show(end, "fraction_ppm", places=4, signed=True) for end in (one.lo, one.hi))
    winner = {"first": one.first, "second": one.second}.get(one.better)
    shown = (
        f"{winner} {_BETTER[one.metric]} on these rows, beyond chance"
        if winner
        else "the interval contains 0: no difference is shown"
    )
    return _NAMES[one.metric], show(one.estimate, "fraction_ppm", places=4, signed=True), f"{lo} to {hi}", shown


_NAMES = {"auc": "AUC", "ks": "KS", "log_loss": "log loss", "profit": "profit"}
_BETTER = {"auc": "ranks better", "ks": "parts goods and bads better", "log_loss": "has the better PDs", "profit": "earns more"}
