"""In: a validation. Out: the sections on time, segments and cut-offs. Used: beside those of `validation`."""

from __future__ import annotations

from collections.abc import Sequence

from weilend.app.desk.models.validation import COUNTS, chart_excess
from weilend.app.desk.models.words import say_interval, say_rate
from weilend.core.money import PPM
from weilend.models.validation import Validation
from weilend.models.validation.windows import Part
from weilend.report import Block, Callout, ChartBlock, Column, DataTable, Details, Section, intervals, lines, show


def stability_section(found: Validation) -> Section:
    """Return how the score holds over time: the shift between two sets of rows, and each window."""
    blocks: list[Block] = []
    if found.shift is None:
        text = "There are no dates and no earlier rows: nothing here says whether the score ages."
        blocks.append(Callout(tone="unknown", title="Stability was not tested 未检验稳定性", text=text))
    else:
        blocks.append(_shift_table(found))
    if found.windows:
        blocks += _window_blocks(found.windows)
    return Section(id="stability", title="Does it hold over time?", title_zh="稳定性", blocks=tuple(blocks))


def _shift_table(found: Validation) -> DataTable:
    shift = found.shift
    assert shift is not None
    moved = shift.moved
    rows: list[tuple[str, str, str]] = [
        (
            "PSI of points 评分 PSI",
            show(moved.psi_ppm, "fraction_ppm"),
            f"chance alone gives {show(moved.chance_ppm, 'fraction_ppm')}, and 95 times in 100 at most "
            f"{show(moved.chance_95_ppm, 'fraction_ppm')}; "
            f"with chance taken off: {show(moved.lo_ppm, 'fraction_ppm')} to {show(moved.hi_ppm, 'fraction_ppm')}",
        )
    ]
    for name, loss in (("AUC lost AUC 下降", shift.auc_loss), ("KS lost KS 下降", shift.ks_loss)):
        if loss:
            ends = f"95 %: {show(loss.lo_ppm, 'fraction_ppm', signed=True)} to {show(loss.hi_ppm, 'fraction_ppm', signed=True)}"
            rows.append((name, show(loss.estimate_ppm, "fraction_ppm", signed=True), ends))
    return DataTable(
        title=f"From {shift.before} to {shift.after}",
        caption=f"{shift.rows_before:,} rows against {shift.rows_after:,}. Population stability index in tenths of the "
        "first (amber .10, red .25), "
        "beside what the same number of rows gives by chance.",
        columns=(Column(title="Figure 指标"), Column(title="Value 值"), Column(title="How sure 区间")),
        rows=tuple(rows),
    )


def _window_blocks(parts: Sequence[Part]) -> list[Block]:
    names = [part.band.name for part in parts]
    series: dict[str, list[int | None]] = {"bad rate 实际": [part.band.bad_rate.estimate_ppm for part in parts]}
    if parts[0].band.mean_pd_ppm is not None:
        series["mean PD 预测"] = [part.band.mean_pd_ppm for part in parts]
    blocks: list[Block] = [
        ChartBlock(
            title="Over time 逐期违约率", description="By window of time, oldest first.", spec=lines(names, series, unit="ppm")
        ),
    ]
    return [
        *blocks,
        *_auc_chart("AUC in each window 逐期 AUC", parts),
        Details("Windows in figures 逐期明细", (_part_table("Window 时段", parts),)),
    ]


def _auc_chart(title: str, parts: Sequence[Part]) -> list[Block]:
    known = [(part.band.name, part.auc) for part in parts if part.auc]
    if not known:
        return []
    ends = [[getattr(auc, end) for _, auc in known] for end in ("estimate_ppm", "lo_ppm", "hi_ppm")]
    spec = intervals([name for name, _ in known], *ends, unit="fraction_ppm", reference=PPM // 2, signed=False, axis="AUC")
    return [
        ChartBlock(
            title=title,
            description="With 95 % intervals. Where intervals overlap widely no difference is shown; the dashed line is a "
            "coin.",
            spec=spec,
        )
    ]


def _part_table(first: str, parts: Sequence[Part]) -> DataTable:
    return DataTable(
        caption="*PSI* is against the older half of the rows (of a segment: against all others), *chance* what 95 of 100 "
        "draws without any shift stay below.",
        columns=(
            Column(title=first),
            *COUNTS,
            Column(title="Mean PD", unit="ppm", places=1),
            Column(title="AUC, 95 %"),
            Column(title="PSI", unit="fraction_ppm"),
            Column(title="chance 随机", unit="fraction_ppm"),
        ),
        rows=tuple(
            (
                part.band.name,
                part.band.rows,
                part.band.bads,
                say_rate(part.band.bad_rate),
                part.band.mean_pd_ppm,
                say_interval(part.auc),
                part.moved.psi_ppm if part.moved else None,
                part.moved.chance_95_ppm if part.moved else None,
            )
            for part in parts
        ),
        folded=False,
    )


def segment_sections(found: Validation) -> list[Section]:
    """Return how the score does in each segment; nothing where no segment was given."""
    if not found.segments:
        return []
    blocks: list[Block] = []
    for column, parts in found.segments.items():
        blocks += _auc_chart(f"AUC within {column} 分群 AUC", parts)
        if parts[0].band.mean_pd_ppm is not None:
            labels = [f"{part.band.name} · {part.band.rows:,} rows" for part in parts]
            blocks.append(
                ChartBlock(
                    title=f"What happened minus what was said, by {column} 分群偏差",
                    description="Bad rate minus mean PD with Jeffreys' 95 % interval, not adjusted for their number; a "
                    "hollow dot contradicts nothing.",
                    spec=chart_excess(labels, [part.band for part in parts]),
                )
            )
        blocks.append(_part_table(column, parts))
    return [Section(id="segments", title="In whom does it work?", title_zh="客群", blocks=tuple(blocks))]


def cutoff_section(found: Validation) -> Section:
    """Return what each cut-off would have meant."""
    cuts = found.cutoffs
    with_money = cuts[0].profit_fen is not None
    shares = [cut.approved_ppm for cut in cuts]
    blocks: list[Block] = [
        ChartBlock(
            title="Bad rate of the approved 通过率与违约率",
            description="If the safest so many per cent were approved.",
            spec=lines(
                shares,
                {"bad rate": [cut.bad_rate.estimate_ppm for cut in cuts]},
                x_unit="ppm",
                unit="ppm",
                x_axis="approved",
                axis="bads among them",
            ),
        )
    ]
    if with_money:
        described = (
            "Margins of the goods minus losses of the bads, on these rows. The highest point was chosen on these rows and "
            "flatters itself a little."
        )
        spec = lines(
            shares, {"profit": [cut.profit_fen for cut in cuts]}, x_unit="ppm", unit="fen", x_axis="approved", axis="profit"
        )
        blocks.append(ChartBlock(title="Profit at each cut-off 通过率与利润", description=described, spec=spec))
    blocks.append(_cut_table(found))
    lead = "Every row here has an outcome, so each cut-off can be told. Who was never given a loan is not among them."
    return Section(id="cutoffs", title="What would a cut-off mean?", title_zh="通过率与违约率", blocks=tuple(blocks), lead=lead)


def _cut_table(found: Validation) -> DataTable:
    with_money = found.cutoffs[0].profit_fen is not None
    money = (Column(title="Profit 利润", unit="fen"),) if with_money else ()
    return DataTable(
        caption="*Points* are the least that is approved. The last columns are shares of all bads and of all goods that "
        "are declined.",
        columns=(
            Column(title="Approved 通过率", unit="ppm", places=1),
            Column(title="Points 评分", unit="count"),
            Column(title="Bads 违约", unit="count"),
            Column(title="Bad rate, 95 % 违约率"),
            Column(title="Bads declined 坏客户拒绝", unit="ppm", places=1),
            Column(title="Goods declined 好客户误拒", unit="ppm", places=1),
            *money,
        ),
        rows=tuple(
            (
                cut.approved_ppm,
                cut.points,
                cut.bads,
                say_rate(cut.bad_rate),
                cut.bads_declined_ppm,
                cut.goods_declined_ppm,
                *((cut.profit_fen,) if with_money else ()),
            )
            for cut in found.cutoffs
        ),
        folded=False,
    )
