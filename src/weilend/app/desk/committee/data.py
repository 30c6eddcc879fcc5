"""In: a `Result`. Out: the section on what was read and where every row went. Used: by the committee's report."""

from __future__ import annotations

from weilend.app.desk.committee.words import businesses, plural
from weilend.app.desk.run import Result
from weilend.report import Block, Bullets, Column, DataTable, Details, Prose, Section
from weilend.sources import Accounting

TRAPS = (
    "**Repeated rows.** A row that repeats exactly is one fact and counts once; it is reported above, business by business.",
    "**Invoice numbers recur** across years with other content, so a number alone identifies nothing: the key is direction, "
    "both parties, number, day and the three amounts.",
    "**The bank's rating** follows the label. It is kept as a record of its own kind, which no feature reads.",
    "**Names and order tell.** The files are sorted by size. The number of a business, the order of rows and the codes of its "
    "counterparties are never inputs; features see amounts, days and who is the same party again.",
    "**Void invoices** were valid until somebody voided them. They are known as void only from the end of their month.",
    "**Negative amounts** are red letters (红字): they reduce net sales and are counted apart.",
    "**Legal form** (sole trader, 个体经营) is counted here and in no model.",
)


def compose_data(result: Result) -> Section:
    """Return the section on data."""
    blocks: list[Block] = []
    for (source, _), counted in zip(result.order.data, result.counted, strict=True):
        blocks += _source(source, counted)
    blocks.append(Details("Traps in such files, and what is done about each", (Bullets(TRAPS),)))
    rows = sum(counted.rows_in for counted in result.counted)
    group = result.population
    return Section(
        id="data",
        title="The data",
        title_zh="数据",
        lead=f"{plural(rows, 'row')} were read: invoices and register entries of "
        f"{businesses(len(group.known.names))} whose outcome is known and "
        f"{businesses(len(group.applicants.names))} that apply. Each row is accepted, a duplicate, or in "
        "quarantine with a reason.",
        blocks=tuple(blocks),
    )


def _source(source: str, counted: Accounting) -> list[Block]:
    blocks: list[Block] = [_files(source, counted)]
    if counted.rows_in and not counted.accepted:
        known = "Every row was in the book already, so this run added none; a duplicate here is a row that was read before."
        return [*blocks, Prose((known,))]
    blocks += [_duplicates(counted)] if counted.duplicates_of else []
    blocks += [_quarantined(counted)] if counted.reasons else []
    return blocks


def _files(source: str, counted: Accounting) -> DataTable:
    rows = [(file.file, file.rows_in, file.accepted, file.duplicate, file.quarantined) for file in counted.files]
    total = ("All files", counted.rows_in, counted.accepted, counted.duplicate, counted.quarantined)
    adds_up = counted.rows_in == counted.accepted + counted.duplicate + counted.quarantined
    return DataTable(
        title=f"Where every row of {source} went 每一行的去向",
        caption=f"Rows in = accepted + duplicate + quarantined: **{'holds' if adds_up else 'does not hold'}**, to the row.",
        columns=(
            Column(title="File 文件"),
            Column(title="Rows in 读入", unit="count"),
            Column(title="Accepted 入账", unit="count"),
            Column(title="Duplicate 重复", unit="count"),
            Column(title="Quarantined 隔离", unit="count"),
        ),
        rows=(*rows, total),
        folded=False,
    )


def _duplicates(counted: Accounting) -> DataTable:
    return DataTable(
        title="Rows that repeat exactly, by business 各企业重复行",
        caption=f"{businesses(len(counted.duplicates_of))} have such rows, "
        f"{plural(sum(counted.duplicates_of.values()), 'row')} in all.",
        columns=(Column(title="Business 企业"), Column(title="Duplicate rows 重复行", unit="count", bar=True)),
        rows=tuple(counted.duplicates_of.items()),
    )


def _quarantined(counted: Accounting) -> DataTable:
    return DataTable(
        title="Rows in quarantine, by reason 隔离原因",
        caption="They change nothing until somebody mends them; `weilend quarantine` shows each with its reason.",
        columns=(Column(title="Reason 原因"), Column(title="Rows 行数", unit="count")),
        rows=tuple((reason.replace("_", " "), rows) for reason, rows in counted.reasons.items()),
    )
