"""In: a case. Out: one page that a reviewer reads in a minute: why, hits, marks, and a picture of who shares what. Used: as
`weilend fraud explain --page`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from weilend.app.desk.fraud.cases import MOST_OTHERS, Case, Shared
from weilend.app.desk.fraud.subjects import Touch
from weilend.core.money import show_percent
from weilend.fraud.verdict import KIND_ZH
from weilend.report import (
    Block,
    Bullets,
    Callout,
    ChartBlock,
    Column,
    DataTable,
    KeyFigure,
    KeyFigures,
    NetworkNode,
    Page,
    Prose,
    Section,
    network,
)

_SHORT: Final = 6  # the last letters of an identity tell neighbours apart; the table has it whole
_THINGS: Final = 40
#: Whom the picture shows: from left to right.
GROUPS: Final = ("applicant 申请企业", "owner 企业主", "what it uses 使用的资料", "others 其他使用者")


def case_page(case: Case) -> Page:
    """Return the page of a case."""
    one = case.application
    at = datetime.fromtimestamp(one.as_of, UTC).strftime("%Y-%m-%d %H:%M UTC")
    sections = [_why(case), _picture(case), _marks(case), *([_ring(case)] if case.ring else []), _next(case)]
    return Page(
        title=f"Fraud case: {one.business_id}",
        title_zh="反欺诈案件",
        subtitle=f"application {one.application_id} for {one.product}, as known at {at}",
        sections=tuple(sections),
        made_from=(("receipt", case.receipt_id or "none"), ("fraud model", case.found.model_id if case.found else "none")),
    )


def _why(case: Case) -> Section:
    found = case.found
    unknown = "not known 未知"
    figures = KeyFigures((
        KeyFigure("Fraud grade 反欺诈等级", case.verdict.grade, case.verdict.status.replace("_", " ")),
        KeyFigure("Stranger than 异常程度", _ppm(found.anomaly_ppm) if found else unknown, "of the applications learned from"),
        KeyFigure("Ring 团伙", _ppm(found.ring.get("ring_ppm")) if found else unknown, "strength in the graph"),
        KeyFigure("Score 欺诈评分", _ppm(found.score_ppm) if found else unknown, "learned from confirmed cases"),
        KeyFigure("Decided 决策", case.outcome or "not yet", "by the policy"),
    ))  # fmt: skip
    said = tuple(f"{reason.en}  {reason.zh}" for reason in case.verdict.reasons)
    blocks: list[Block] = [figures, Prose((f"**{case.why[:1].upper()}{case.why[1:]}.**",))]
    if found is None or found.lists_seq is None:
        blocks.append(Callout(tone="unknown", title="No lists were asked", text="Not looked at never means clean."))
    blocks += [Bullets(said)] if said else [Prose(("No reason stands out. 无突出原因。",))]
    blocks += [_hits(case)] if case.entries else []
    return Section(id="why", title="Why", title_zh="原因", blocks=tuple(blocks))


def _hits(case: Case) -> DataTable:
    names = ("what", "identity", "list", "reason", "source", "severity", "since", "by")
    units = {"severity": "count"}
    columns = tuple(Column(title=name, unit=units.get(name, "text")) for name in names)  # type: ignore[arg-type]
    rows = tuple(
        (f"{one.subject_kind} {KIND_ZH.get(one.subject_kind, '')}", one.subject_id, one.list_name, one.reason, one.source,
         one.severity, datetime.fromtimestamp(one.happened_at, UTC).date().isoformat(), one.added_by)
        for one in case.entries
    )  # fmt: skip
    return DataTable(columns=columns, rows=rows, title="On lists 名单命中")


def _picture(case: Case) -> Section:
    nodes, edges, left_out = picture(case)
    shared = [one for one in case.shared if one.others]
    told = f"{len(shared)} of {len(case.shared)} things that the applicant uses were used by others too."
    crowds = [one for one in case.shared if one.more]
    if crowds:
        told += f" {len(crowds)} are shared by more than twenty others (a market, a bookkeeper): they are counted, not drawn."
    if left_out:
        told += f" {left_out} more are left out of the picture."
    chart = ChartBlock(
        title="Who shares what 资料共用关系",
        description="From left to right: the applicant, its owners, what they use, and who else was known to use it then. "
        "An orange rim marks what stands on a list.",
        spec=network(nodes, edges, groups=GROUPS),
    )
    columns = (
        Column(title="what"),
        Column(title="identity"),
        Column(title="to the applicant"),
        Column(title="others", unit="count", bar=True),
    )
    rows = tuple(
        (one.touch.kind, one.touch.subject_id, one.touch.role.replace("_", " "), len(one.others) + one.more)
        for one in case.shared
    )
    table = DataTable(columns=columns, rows=rows, title="All that the applicant uses", folded=True)
    return Section(id="picture", title="Who shares what", title_zh="资料共用", blocks=(Prose((told,)), chart, table))


def picture(case: Case) -> tuple[list[NetworkNode], list[tuple[str, str]], int]:
    """Return the nodes and lines of a case's picture, and how many others were left out of it."""
    listed = {hit.subject_id for hit in case.found.hits if hit.meaning != "allow"} if case.found else set()
    applicant = case.application.business_id
    nodes = {applicant: _node(applicant, "business", 0, listed, applicant)}
    edges: list[tuple[str, str]] = []
    left_out = max(len(case.shared) - _THINGS, 0)
    for one in (one for one in case.shared if one.touch.through == applicant and one.touch.kind == "owner"):
        nodes.setdefault(one.touch.subject_id, _node(one.touch.subject_id, "owner", 1, listed))
    for one in case.shared[:_THINGS]:
        thing, through = one.touch.subject_id, one.touch.through
        if thing in nodes:
            continue
        nodes[thing] = _node(thing, one.touch.kind, 2, listed, _thing_label(one))
        if through and through not in nodes and through not in _devices(case):
            nodes[through] = _node(through, "owner", 1, listed)
            edges.append((applicant, through))
        edges.append((through if through in nodes else applicant, thing))
        for other in one.others:
            if other not in nodes and sum(node.layer == 3 for node in nodes.values()) >= MOST_OTHERS:
                left_out += 1
                continue
            nodes.setdefault(other, _node(other, "other", 3, listed))
            edges.append((thing, other))
    return list(nodes.values()), list(dict.fromkeys(edges)), left_out


def _devices(case: Case) -> set[str]:
    return {one.touch.subject_id for one in case.shared if one.touch.kind == "device"}


def _node(name: str, kind: str, layer: int, listed: set[str], label: str = "") -> NetworkNode:
    short = f"…{name[-_SHORT:]}"
    return NetworkNode(
        name=name, label=label or f"{kind} {short}" if kind != "other" else short, group=GROUPS[layer], layer=layer, note=name,
        marked=name in listed,
    )  # fmt: skip


def _thing_label(one: Shared) -> str:
    touch: Touch = one.touch
    crowd = f" (+{one.more})" if one.more else ""
    return f"{touch.kind} {KIND_ZH.get(touch.kind, '')} …{touch.subject_id[-_SHORT:]}{crowd}"


def _marks(case: Case) -> Section:
    columns = (Column(title="what"), Column(title="原因"), Column(title="of applications bear it", unit="ppm", places=1))
    rows = tuple((one.en, one.zh, one.bearers_ppm) for one in sorted(case.marks, key=lambda one: one.bearers_ppm or 0))
    table = DataTable(columns=columns, rows=rows, caption="The rarest first; what is not known is no mark.")
    blocks: tuple[Block, ...] = (table,) if rows else (Prose(("It bears no mark. 无风险信号。",)),)
    return Section(id="marks", title="Marks", title_zh="风险信号", blocks=blocks)


def _ring(case: Case) -> Section:
    told: dict[str, Any] = case.ring
    columns = (Column(title="party"), Column(title="shares"), Column(title="how strongly", unit="ppm", bar=True),
               Column(title="known of it then"))  # fmt: skip
    rows = tuple(
        (one["node"]["id"], ", ".join(one["families"]), one["strength_ppm"], one["known"] or "nothing")
        for one in told["members"]
    )
    lead = f"The graph says {told['status'].replace('_', ' ')}."
    blocks: tuple[Block, ...] = (
        (DataTable(columns=columns, rows=rows),) if rows else (Prose(("It stands alone in the graph.",)),)
    )
    return Section(id="ring", title="The graph", title_zh="关系图谱", lead=lead, blocks=blocks)


def _next(case: Case) -> Section:
    name = case.application.application_id
    items = (
        f"Sound: `weilend fraud review {name} --outcome approve --finding sound --by NAME --reason WHY`",
        f"Fraud: `weilend fraud review {name} --outcome decline --finding gang --fraud --by NAME --reason WHY`",
        "Deny the ring: add `--propose FILE --until YYYY-MM-DD`; it says whom the entries would hit. Then `weilend lists import`.",
    )
    return Section(id="next", title="What to do", title_zh="处理", blocks=(Bullets(items),))


def _ppm(value: int | None) -> str:
    return "not known 未知" if value is None else show_percent(value, 1)
