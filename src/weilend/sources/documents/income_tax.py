"""In: quarterly income tax returns as our JSON. Out: tax filings; and back. Used: through `SOURCES`.

Source: 企业所得税月（季）度预缴纳税申报表: amounts are those of the year to date, as the form has them.
docs/sources/income_tax.md has an example.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.envelope import names_format, open_envelope, seal_envelope
from weilend.sources.documents.filings import check_taxpayer, common, common_out, fen_of, filed, filing, period, rows_out
from weilend.sources.documents.jsons import Json, said
from weilend.sources.documents.scalars import whole
from weilend.sources.documents.statements_out import yuan
from weilend.sources.documents.tray import Draft, Tray
from weilend.sources.intake import Intake

FORMAT: Final = "income_tax"
#: Field → what the row calls it: 营业收入, 营业成本, 利润总额, 应纳税所得额, 应纳所得税额, 实际已缴.
AMOUNTS: Final = {
    "revenue_fen": "revenue", "cost_fen": "cost", "profit_fen": "profit", "taxable_fen": "taxable", "payable_fen": "payable",
    "paid_fen": "paid",
}  # fmt: skip


def read_income_tax(content: bytes, intake: Intake, *, file: str = "income_tax.json") -> Batch:
    """Return a filing for each income tax return.

    >>> from weilend.core.calendars import Calendar
    >>> row = {"period_start_on": "2025-01-01", "period_end_on": "2025-03-31", "revenue": "100.00", "profit": "-5.00"}
    >>> batch = read_income_tax(seal_envelope(FORMAT, [row]), Intake(calendar=Calendar(), consent_id="own-data", business_id="B1"))
    >>> batch.records["tax_filing"].select(["revenue_fen", "profit_fen", "happened_on"]).to_pylist()
    [{'revenue_fen': 10000, 'profit_fen': -500, 'happened_on': datetime.date(2025, 4, 15)}]
    """
    intake.business(file)
    tray = Tray(FORMAT, intake, file, content)
    for row in open_envelope(content, FORMAT, file):
        tray.row(row, partial(_drafts, tray, row))
    return tray.batch()


def write_income_tax(records: Mapping[str, pa.Table]) -> bytes:
    """Return income tax filings as a file that reads back to them.

    >>> write_income_tax({}).startswith(b'{"format":"weilend.income_tax"')
    True
    """
    rows = rows_out(records["tax_filing"]) if "tax_filing" in records else []
    return seal_envelope(FORMAT, [_row_out(row) for row in rows if row["tax"] == "corporate_income"])


def _drafts(tray: Tray, row: Json) -> list[Draft]:
    check_taxpayer(tray, row)
    staff = whole(said(row, "staff_count"), "staff_count")
    fields = {**common(row, "corporate_income"), **fen_of(row, AMOUNTS), "staff_count": staff}
    return [filing(tray, filed(row, period(row)[1]), fields)]


def _row_out(row: Mapping[str, Any]) -> dict[str, Any]:
    amounts = {name: yuan(row[field]) for field, name in AMOUNTS.items() if field in row}
    return {**common_out(row), **amounts, **({"staff_count": row["staff_count"]} if "staff_count" in row else {})}


def _is_income_tax(head: bytes, _name: str) -> bool:
    return names_format(head, FORMAT)


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_income_tax(path.read_bytes(), intake, file=path.name)


INCOME_TAX: Final = register_source(
    Source(
        name=FORMAT,
        en="income tax returns (neutral JSON)",
        zh="企业所得税申报表（通用JSON）",
        signature=_is_income_tax,
        read=_read_file,
    )
)
