"""In: what sources know and buy. Out: the section that says which of them is worth its price. Used: by the report of a model."""

from __future__ import annotations

from typing import Final

from weilend.app.desk.models.words import say_interval
from weilend.models.ablation import Ablated
from weilend.models.value import Gain, Valued, Worth
from weilend.report import (
    Block,
    Bullets,
    Callout,
    ChartBlock,
    Column,
    DataTable,
    Details,
    Section,
    intervals,
    show,
    show_short,
)

#: What the interval of the AUC that a source adds shows.
KNOWS: Final = {
    "adds": "it adds to what all other columns know",
    "harms": "the model ranks better without it",
    "open": "it is not shown to add anything to the other columns: the interval includes 0",
    "unknown": "what it adds was not measured, for want of time or of outcomes",
}
#: What the interval of its gain shows against the price of a pull.
PAYS: Final = {
    "pays": "pays 值得",
    "costs": "costs more than it brings 不值得",
    "open": "not shown to pay 未证明值得",
    "unknown": "–",
}


def source_section(found: Valued | None) -> Section:
    """Return what each source knows alone, adds and buys, or that none was named.

    >>> source_section(None).blocks[0].tone
    'unknown'
    """
    blocks: list[Block] = []
    lead = ""
    if found is None:
        text = "Nobody said which columns come from which source (--source NAME=COLS), so nothing says what one is worth."
        blocks.append(Callout(tone="unknown", title="Sources were not valued 未评估数据源价值", text=text))
    else:
        lead = (
            f"Cards of the same rows with some of their columns, judged on {found.rows:,} held-out rows with {found.bads:,} bads; "
            f"all columns together reach an AUC of {say_interval(found.whole)}."
        )
        blocks += [*_chart(found), Bullets(tuple(_say(one) for one in found.worth)), _table(found), *_money(found)]
        blocks += [Details("Thin and thick files 薄档与厚档", (_files(found),))] if found.files else []
    return Section(
        id="sources", title="What each source knows and buys", title_zh="数据源价值", blocks=tuple(blocks), lead=lead
    )


def _chart(found: Valued) -> list[ChartBlock]:
    told = [(one.source, one.adds) for one in found.worth if one.adds]
    if not told:
        return []
    ends = [[getattr(adds, end) for _, adds in told] for end in ("estimate_ppm", "lo_ppm", "hi_ppm")]
    said = "AUC of all columns minus AUC without those of the source, paired 95 % intervals. Hollow: nothing is shown."
    spec = intervals([name for name, _ in told], *ends, unit="fraction_ppm", axis="AUC that the source adds to the others")
    return [ChartBlock(title="What each source adds 边际贡献", description=said, spec=spec)]


def _say(one: Worth) -> str:
    said = f"**{one.source}**: {KNOWS[one.knows]}"
    if one.alone and one.knows == "open" and one.alone.lo_ppm > 500_000:
        said += "; alone it does rank: the other columns know that too"
    if one.pays == "pays":
        said += "; over the whole interval an application brings more with it than a pull costs"
    elif one.pays == "costs":
        said += "; over the whole interval a pull costs more than an application brings with it"
    elif one.pays == "open":
        said += "; whether that is worth a pull these data cannot tell: the price lies within the interval"
    return f"{said}."


def _table(found: Valued) -> DataTable:
    rate = show(found.bad_rate_ppm, "ppm", places=1)
    return DataTable(
        caption=f"*Alone*: AUC of a card of its columns only. *Without*: of all others. *Adds*: AUC of all minus that. *Approved*: "
        f"how many of the rows can be approved with a bad rate of {rate} or less, with all columns and without these. Intervals "
        "draw whole groups, in pairs.",
        columns=(
            Column(title="Source 来源"),
            Column(title="Columns 字段", unit="count"),
            Column(title="Alone 单独"),
            Column(title="Without 剔除后"),
            Column(title="Adds 增量"),
            Column(title="Approved 通过"),
            Column(title="Lost, % points 百分点"),
        ),
        rows=tuple(
            (
                one.source, one.columns, *(_whole(say_interval(auc)) for auc in (one.alone, one.without)),
                _whole(say_interval(one.adds, signed=True)), _approved(one), _points(one),
            )
            for one in found.worth
        ),
        folded=False,
    )  # fmt: skip


def _whole(told: str) -> str:
    """Return a figure with its interval so that a narrow column breaks it between the two, and nowhere else."""
    return told.replace(" ", "\N{NO-BREAK SPACE}").replace("\N{NO-BREAK SPACE}(", " (")


def _approved(one: Worth) -> str:
    if one.approved_with_ppm is None or one.approved_without_ppm is None:
        return "–"
    before, after = (show(share, "ppm", places=1) for share in (one.approved_with_ppm, one.approved_without_ppm))
    return _whole(f"{before} → {after}")


def _points(one: Worth) -> str:
    """Return a difference of shares in percentage points."""
    if one.moved is None:
        return "–"
    middle, lo, hi = (f"{end / 10_000:+.1f}" for end in (one.moved.estimate_ppm, one.moved.lo_ppm, one.moved.hi_ppm))
    return _whole(f"{middle} ({lo} to {hi})")


def _money(found: Valued) -> list[Block]:
    if all(one.gain is None for one in found.worth):
        return []
    table = DataTable(
        title="What a pull buys 每次查询的收益",
        caption="What an application brings more where all columns decide (approved where a loan pays) than without the source, "
        "before the price. *Pays* and *costs more* only where the whole interval lies on one side of the price.",
        columns=(
            Column(title="Source 来源"),
            Column(title="A pull brings, 95 % 每次增益"),
            Column(title="A pull costs 单价", unit="fen"),
            Column(title="Verdict 结论"),
        ),
        rows=tuple((one.source, _gain(one.gain), one.cost_fen, PAYS[one.pays]) for one in found.worth),
        folded=False,
    )
    return [table]


def _gain(gain: Gain | None) -> str:
    if gain is None:
        return "–"
    middle, lo, hi = (show_short(fen, "fen", signed=True) for fen in (gain.estimate_fen, gain.lo_fen, gain.hi_fen))
    return _whole(f"{middle} ({lo} to {hi})")


def _files(found: Valued) -> DataTable:
    return DataTable(
        caption="A file is thick where at least half of the columns of all sources are known. *Less than all* is the AUC of the "
        "card of all columns minus this one's, paired.",
        columns=(
            Column(title="Card of 所用部分"),
            Column(title="Files 档案"),
            Column(title="Rows 样本", unit="count"),
            Column(title="Bads 违约", unit="count"),
            Column(title="AUC"),
            Column(title="Less than all 较全部"),
        ),
        rows=tuple(
            (" + ".join(one.parts) or "nothing", one.slice, one.rows, one.bads, _whole(say_interval(one.auc)), _less(one))
            for one in found.files
        ),
        folded=False,
    )


def _less(one: Ablated) -> str:
    return _whole(say_interval(one.lost, signed=True))
