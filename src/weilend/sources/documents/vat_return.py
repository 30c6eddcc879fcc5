"""In: VAT returns as our JSON. Out: tax filings and whether the lines of each return agree; and back. Used: through
`SOURCES`.

Source: main form of the VAT return for general taxpayers (增值税纳税申报表 一般纳税人适用), lines 1 to 41; domain 1.5 has the
identities. A small-scale taxpayer files another form: its sales stand under `sales`. docs/sources/vat_return.md has an
example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.envelope import names_format, open_envelope, seal_envelope
from weilend.sources.documents.facts import tell_fact
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.filings import check_taxpayer, common, common_out, fen_of, filed, filing, period, rows_out
from weilend.sources.documents.jsons import Json, at, said
from weilend.sources.documents.scalars import amount
from weilend.sources.documents.statements_out import yuan
from weilend.sources.documents.tray import Draft, Tray, Value
from weilend.sources.intake import Intake

FORMAT: Final = "vat_return"
LINES: Final = tuple(str(number) for number in range(1, 42))
#: Columns of the form: 一般项目本月数, 一般项目本年累计, 即征即退项目本月数, 即征即退项目本年累计.
COLUMNS: Final = ("month", "year", "refund_month", "refund_year")
_MONTHS: Final = ("month", "refund_month")
SMALL_SCALE: Final = "small_scale"

#: Line → its field; the two month columns are added up.
FIELDS: Final = {
    "1": "taxed_sales_fen", "5": "simple_sales_fen", "7": "export_sales_fen", "8": "exempt_sales_fen", "11": "output_tax_fen",
    "12": "input_tax_fen", "13": "brought_forward_fen", "14": "transferred_out_fen", "20": "carried_forward_fen",
    "24": "payable_fen", "27": "paid_fen", "33": "arrears_fen",
}  # fmt: skip
_SALES: Final = ("1", "5", "7", "8")


class Identity(msgspec.Struct, frozen=True):
    """A line that follows from others: the sum of `plus` less that of `minus`, or at most another line.

    >>> Identity("19", ("11",), ("18",)).lines
    ('19', '11', '18')
    """

    line: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    at_most: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Every line that it speaks of."""
        return (self.line, *self.plus, *self.minus, *((self.at_most,) if self.at_most else ()))

    def found(self, fen: Mapping[str, int]) -> int:
        """Return what the other lines make of it."""
        total = sum(fen[line] for line in self.plus) - sum(fen[line] for line in self.minus)
        return min(total, fen[self.at_most]) if self.at_most else total


#: What the form itself says of its lines.
IDENTITIES: Final = (
    Identity("17", ("12", "13", "16"), ("14", "15")),
    Identity("18", ("17",), at_most="11"),
    Identity("19", ("11",), ("18",)),
    Identity("20", ("17",), ("18",)),
    Identity("24", ("19", "21"), ("23",)),
    Identity("27", ("28", "29", "30", "31")),
    Identity("32", ("24", "25", "26"), ("27",)),
    Identity("33", ("25", "26"), ("27",)),
    Identity("34", ("24",), ("28", "29")),
    Identity("38", ("16", "22", "36"), ("37",)),
)
_SMALL: Final = {
    "taxed_sales_fen": "sales.taxed", "exempt_sales_fen": "sales.exempt", "export_sales_fen": "sales.export",
    "payable_fen": "payable", "paid_fen": "paid", "arrears_fen": "arrears",
}  # fmt: skip


def read_vat_return(content: bytes, intake: Intake, *, file: str = "vat.json") -> Batch:
    """Return a filing for each VAT return, and a fact for each whose lines can be compared: do they agree.

    >>> from weilend.core.calendars import Calendar
    >>> row = {"taxpayer": "general", "period_start_on": "2025-01-01", "period_end_on": "2025-01-31", "filed_on": "2025-02-12",
    ...     "lines": {"1": "1000.00", "11": "130.00", "18": "30.00", "19": "90.00"}}
    >>> batch = read_vat_return(seal_envelope(FORMAT, [row]), Intake(calendar=Calendar(), consent_id="own-data", business_id="B1"))
    >>> batch.records["tax_filing"]["declared_sales_fen"].to_pylist(), batch.records["reconciliation"]["holds"].to_pylist()
    ([100000], [False])
    """
    intake.business(file)
    tray = Tray(FORMAT, intake, file, content)
    for row in open_envelope(content, FORMAT, file):
        if tray.row(row, partial(_drafts, tray, row)):
            _tell_identities(tray, row)
    return tray.batch()


def write_vat_return(records: Mapping[str, pa.Table]) -> bytes:
    """Return VAT filings as a file that reads back to them; filings of other taxes are left to other writers.

    >>> write_vat_return({}).startswith(b'{"format":"weilend.vat_return"')
    True
    """
    rows = rows_out(records["tax_filing"]) if "tax_filing" in records else []
    return seal_envelope(FORMAT, [_row_out(row) for row in rows if row["tax"] == "vat"])


def line_fen(row: Json, column: str) -> dict[str, int]:
    """Return the lines that a return tells in one column of the form, in fen.

    >>> line_fen({"lines": {"1": "1.00", "2": {"month": "0.50", "year": "9.00"}}}, "month")
    {'1': 100, '2': 50}
    """
    found = {}
    for line in LINES:
        value = at(row, f"lines.{line}")
        text = said(value, column) if isinstance(value, dict) else said(row, f"lines.{line}") if column == "month" else None
        fen = amount(text, f"line {line}")
        if fen is not None:
            found[line] = fen
    return found


def _drafts(tray: Tray, row: Json) -> list[Draft]:
    check_taxpayer(tray, row)
    taxpayer = said(row, "taxpayer")
    amounts = fen_of(row, _SMALL) if taxpayer == SMALL_SCALE else _general(row)
    sales = [amounts.get(FIELDS[line]) for line in _SALES]
    declared = sum(fen for fen in sales if fen is not None) if any(fen is not None for fen in sales) else None
    arrears = amounts.get("arrears_fen")
    fields: dict[str, Value] = {
        **common(row, "vat"),
        **amounts,
        "taxpayer": taxpayer,
        "declared_sales_fen": declared,
        "arrears_fen": None if arrears is None else max(arrears, 0),  # below zero the office owes: that is no arrear
    }
    return [filing(tray, filed(row, period(row)[1]), fields)]


def _general(row: Json) -> dict[str, int | None]:
    strange = (
        [name for name in (at(row, "lines") or {}) if name not in LINES] if isinstance(at(row, "lines"), dict) else ["lines"]
    )
    if strange:
        raise Fault("unknown_word", f"line {strange[0]}")
    columns = [line_fen(row, column) for column in _MONTHS]
    return {field: _added([fen.get(line) for fen in columns]) for line, field in FIELDS.items()}


def _added(fen: list[int | None]) -> int | None:
    told = [one for one in fen if one is not None]
    return sum(told) if told else None


def _tell_identities(tray: Tray, row: Json) -> None:
    """State how many of the form's identities can be checked, and how many of these do not hold."""
    results = list(_compared(row))
    failed = [(expected, found) for expected, found in results if expected != found]
    if results:
        expected, found = failed[0] if failed else results[0]
        span = period(row)
        tell_fact(
            tray, "vat_identities", filed(row, span[1]), expected_fen=expected, found_fen=found, checked_count=len(results),
            failed_count=len(failed), period=span,
        )  # fmt: skip


def _compared(row: Json) -> Iterator[tuple[int, int]]:
    """Yield (what follows from the other lines, what the line says) of each identity all of whose lines are told."""
    for column in _MONTHS if said(row, "taxpayer") != SMALL_SCALE else ():
        fen = line_fen(row, column)
        for identity in IDENTITIES:
            if all(line in fen for line in identity.lines):
                yield identity.found(fen), fen[identity.line]


def _row_out(row: Mapping[str, Any]) -> dict[str, Any]:
    out = {**common_out(row), **({"taxpayer": row["taxpayer"]} if "taxpayer" in row else {})}
    if row.get("taxpayer") == SMALL_SCALE:
        texts: dict[str, Any] = {path: yuan(row[field]) for field, path in _SMALL.items() if field in row}
        sales = {path.partition(".")[2]: text for path, text in texts.items() if path.startswith("sales.")}
        return {**out, "sales": sales, **{path: text for path, text in texts.items() if "." not in path}}
    return {**out, "lines": {line: yuan(row[field]) for line, field in FIELDS.items() if field in row}}


def _is_vat(head: bytes, _name: str) -> bool:
    return names_format(head, FORMAT)


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_vat_return(path.read_bytes(), intake, file=path.name)


VAT_RETURN: Final = register_source(
    Source(name=FORMAT, en="VAT returns (neutral JSON)", zh="增值税申报表（通用JSON）", signature=_is_vat, read=_read_file)
)
