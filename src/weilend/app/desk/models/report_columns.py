"""In: findings, candidates and bins of a model. Out: the sections on its columns. Used: by the report of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from weilend.app.desk.flat.bins import name_bins
from weilend.app.desk.flat.models import Built, used_columns
from weilend.app.desk.models.words import say_rate
from weilend.core.money import PPM
from weilend.models.bins import Bins
from weilend.models.guards import Finding
from weilend.models.metrics import Interval
from weilend.models.selection import Candidate
from weilend.models.validation.bands import rate_interval
from weilend.report import (
    Block,
    ChartBlock,
    ChartGrid,
    Column,
    DataTable,
    Details,
    Panel,
    Prose,
    Section,
    bars,
    intervals,
)
from weilend.report.blocks import Spec
from weilend.report.marks import Domain

ACTIONS: Final = {"dropped": "dropped 剔除", "changed": "read differently 改读", "kept": "kept, and told 保留并提示"}
#: What each guard looks for.
GUARDS: Final = {
    "kind": "is it an input at all?",
    "id": "does it name rows?",
    "constant": "does it vary?",
    "copy": "does it repeat another column?",
    "too good": "too good alone to be honest?",
    "pure": "values that hold almost only bads?",
    "presence": "does being known tell the outcome?",
    "turning": "does it rank newer rows the other way?",
    "vanishing": "does its power vanish?",
    "drift": "has it moved over time?",
    "bias": "is the sample unlike the others?",
    "code": "numbers that are codes?",
    "group": "do rows belong together?",
    "duplicate": "are rows told twice?",
    "split": "how was it split?",
    "order": "does the file's order tell the outcome?",
    "contradiction": "both outcomes at once?",
    "undated": "are there dates?",
    "censored": "are newer rows too young?",
}
#: Columns whose bins are drawn, the strongest first; all are in the tables below.
DRAWN: Final = 12


def finding_section(findings: Sequence[Finding]) -> Section:
    """Return what the guards found and did, dropped columns first."""
    order = list(ACTIONS)
    ordered = sorted(findings, key=lambda one: (order.index(one.action), one.guard, one.column))
    rows = tuple(
        (one.column or "the sample 样本", GUARDS.get(one.guard, one.guard), ACTIONS[one.action], one.why) for one in ordered
    )
    blocks: tuple[Block, ...] = (
        DataTable(
            columns=(
                Column(title="Column 字段"),
                Column(title="Guard 检查"),
                Column(title="Action 处理"),
                Column(title="Evidence 依据"),
            ),
            rows=rows,
            folded=len(rows) > 30,
        ),
    )
    if not rows:
        blocks = (Prose(("The guards found nothing to say.",)),)
    lead = "What was looked for before training, what was found, and what was done about it without asking anybody."
    return Section(id="guards", title="What must not be learned from", title_zh="数据检查", blocks=blocks, lead=lead)


def selection_section(built: Built) -> Section:
    """Return which columns say something, and why others were left out."""
    ranked = sorted(built.candidates, key=lambda one: -one.information_ppm)
    used = {column.name for column in used_columns(built)}
    strongest = ranked[:20]
    spec = bars(
        [one.column for one in strongest],
        [one.information_ppm for one in strongest],
        unit="fraction_ppm",
        axis="information value on rows it has not seen",
        highlight=[one.column for one in strongest if one.column in used] if len(used) < len(ranked) else (),
    )
    table = DataTable(
        caption="*Information* is out of fold: a column that says nothing has about 0. *Bootstraps* is the share in which "
        "it says something. "
        "*Drift* is the PSI of its bins from the older to the newer half. *Cluster* numbers columns that say the same.",
        columns=(
            Column(title="Column 字段"),
            Column(title="In the model 入模"),
            Column(title="Information IV", unit="fraction_ppm"),
            Column(title="Bootstraps", unit="ppm", places=0),
            Column(title="Drift PSI", unit="fraction_ppm"),
            Column(title="Cluster", unit="count"),
            Column(title="Why 原因"),
        ),
        rows=tuple(
            (
                one.column,
                "yes 是" if one.column in used else "no 否",
                one.information_ppm,
                one.frequency_ppm,
                one.drift_ppm,
                one.cluster,
                _why(one, used),
            )
            for one in ranked
        ),
        folded=len(ranked) > 12,
    )
    blocks = (
        ChartBlock(
            title="What each column says alone 单变量信息值",
            description="The strongest twenty; those that the model reads are blue.",
            spec=spec,
        ),
        table,
    )
    return Section(id="selection", title="Which columns it stands on", title_zh="变量选择", blocks=blocks)


def _why(one: Candidate, used: set[str]) -> str:
    lost = one.chosen and one.column not in used
    return f"{one.why}; beside the others it moved no points" if lost else one.why


def bin_section(built: Built) -> Section:
    """Return the bins of the columns that the model reads: bad rates drawn, all in tables."""
    read = {column.name for column in used_columns(built)}
    mine = sorted((one for one in built.bins if one.column.name in read), key=lambda one: -one.information)
    drawn = mine[:DRAWN]
    top = max((rate.hi_ppm for one in drawn for rate in _rates(one)), default=PPM)
    panels = tuple(Panel(f"{one.column.name} · {one.shape}", _chart(one, (0, top))) for one in drawn)
    said = (
        "Bad rate of each bin with Jeffreys' 95 % interval, on the rows it was learned from; all panels have one scale. "
        f"{'The strongest ' + str(DRAWN) + ' of ' + str(len(mine)) + ' columns.' if len(mine) > DRAWN else ''}"
    )
    blocks: list[Block] = [ChartGrid(title="Bad rate by bin 分箱违约率", panels=panels, description=said)]
    blocks.append(Details("Every bin in figures 分箱明细", tuple(_bin_table(one) for one in mine)))
    lead = "Bins are as plain as held-out rows allow: rising or falling first, bent or free only where that surely gains."
    return Section(id="bins", title="How each column is read", title_zh="分箱", blocks=tuple(blocks), lead=lead)


def _present(bins: Bins) -> list[int]:
    return [at for at in range(len(bins.rows)) if bins.rows[at] > 0]


def _rates(bins: Bins) -> list[Interval]:
    return [rate_interval(float(bins.bads[at]), float(bins.rows[at])) for at in _present(bins)]


def _chart(bins: Bins, domain: Domain) -> Spec:
    names, rates = name_bins(bins), _rates(bins)
    ends = [[getattr(rate, end) for rate in rates] for end in ("estimate_ppm", "lo_ppm", "hi_ppm")]
    return intervals([names[at] for at in _present(bins)], *ends, unit="ppm", reference=None, signed=False, domain=domain)


def _bin_table(bins: Bins) -> DataTable:
    names, total = name_bins(bins), float(bins.rows.sum())
    price = [
        f"the plain shape costs {bins.price_shape:.4f} of information" if bins.price_shape > 0 else "",
        f"one order in every period costs {bins.price_stable:.4f}" if bins.price_stable > 0 else "",
    ]
    said = "; ".join([f"Shape: {bins.shape}", *(text for text in price if text), *bins.refused])
    rows = tuple(
        (
            names[at],
            round(float(bins.rows[at])),
            round(PPM * float(bins.rows[at]) / total),
            round(float(bins.bads[at])),
            say_rate(rate),
            f"{float(bins.woe[at]):+.3f}",
        )
        for at, rate in zip(_present(bins), _rates(bins), strict=True)
    )
    return DataTable(
        title=f"{bins.column.name} · information {bins.information:.3f}",
        caption=f"{said}. Evidence (WoE) above 0 is safer than the sample.",
        columns=(
            Column(title="Bin 分箱"),
            Column(title="Rows 样本", unit="count"),
            Column(title="Share 占比", unit="ppm", places=1),
            Column(title="Bads 违约", unit="count"),
            Column(title="Bad rate, 95 % 违约率"),
            Column(title="Evidence WoE"),
        ),
        rows=rows,
        folded=False,
    )
