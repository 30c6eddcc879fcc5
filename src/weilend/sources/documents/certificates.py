"""In: tax payment certificates and yearly tax ratings as our JSON. Out: tax filings; and back. Used: through `SOURCES`.

Source: 税收完税证明 (税种, 所属期, 税额, 入库日期, 滞纳金); 纳税信用等级 A, B, M, C, D, announced in April of the next year.
A certificate is no return: it has its own key, so that it never takes a return's place. docs/sources/certificates.md has an
example.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from weilend.core.records.papers import TAXES
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.envelope import names_format, open_envelope, seal_envelope
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.filings import check_taxpayer, fen_of, filing, late_days, need, period, rows_out
from weilend.sources.documents.jsons import Json, said
from weilend.sources.documents.scalars import day, needed_day, whole
from weilend.sources.documents.statements_out import yuan
from weilend.sources.documents.tray import Draft, Tray, Value
from weilend.sources.intake import Intake

FORMAT: Final = "tax_certificates"
#: Kinds of tax as certificates name them; our own words are taken too.
TAX_WORDS: Final = {
    "增值税": "vat", "企业所得税": "corporate_income", "个人所得税": "personal_income", "消费税": "consumption",
    "城市维护建设税": "surcharge", "教育费附加": "surcharge", "地方教育附加": "surcharge", "印花税": "stamp", "房产税": "property",
    "城镇土地使用税": "property", "土地增值税": "property", "契税": "property", "社会保险费": "social_insurance",
    **{word: word for word in TAXES},
}  # fmt: skip
ANNOUNCED: Final = (4, 30)  # month and day of the next year by which a rating is known that does not say when
_PAYMENT_KEY: Final = ("business_id", "tax", "period_start_on", "period_end_on", "happened_on", "paid_fen")
_RATING_KEY: Final = ("business_id", "period_start_on", "period_end_on")


def read_certificates(content: bytes, intake: Intake, *, file: str = "certificates.json") -> Batch:
    """Return a filing for each payment certificate and each rating.

    >>> from weilend.core.calendars import Calendar
    >>> row = {"kind": "rating", "year": 2024, "rating": "M"}
    >>> batch = read_certificates(seal_envelope(FORMAT, [row]), Intake(calendar=Calendar(), consent_id="c", business_id="B1"))
    >>> batch.records["tax_filing"].select(["credit_rating", "happened_on"]).to_pylist()
    [{'credit_rating': 'M', 'happened_on': datetime.date(2025, 4, 30)}]
    """
    intake.business(file)
    tray = Tray(FORMAT, intake, file, content)
    for row in open_envelope(content, FORMAT, file):
        tray.row(row, partial(_drafts, tray, row))
    return tray.batch()


def write_certificates(records: Mapping[str, pa.Table]) -> bytes:
    """Return filings that are ratings or only payments as a file that reads back to them.

    >>> write_certificates({}).startswith(b'{"format":"weilend.tax_certificates"')
    True
    """
    rows = rows_out(records["tax_filing"]) if "tax_filing" in records else []
    return seal_envelope(FORMAT, [out for row in rows if (out := _row_out(row)) is not None])


def _drafts(tray: Tray, row: Json) -> list[Draft]:
    check_taxpayer(tray, row)
    kind = need(row, "kind")
    if kind == "payment":
        return [_payment(tray, row)]
    if kind == "rating":
        return [_rating(tray, row)]
    raise Fault("unknown_word", "kind")


def _payment(tray: Tray, row: Json) -> Draft:
    tax = TAX_WORDS.get(need(row, "tax"))
    if tax is None:
        raise Fault("unknown_word", "tax")
    first, last = period(row)
    paid_on, due_on = needed_day(said(row, "paid_on"), "paid_on"), day(said(row, "due_on"), "due_on")
    fields: dict[str, Value] = {
        **fen_of(row, {"paid_fen": "paid", "late_fee_fen": "late_fee"}),
        "tax": tax,
        "period_start_on": first,
        "period_end_on": last,
        "due_on": due_on,
        "late_days": late_days(paid_on, due_on),
        "staff_count": whole(said(row, "staff_count"), "staff_count"),
    }
    if fields["paid_fen"] is None:
        raise Fault("missing", "paid")
    return filing(tray, paid_on, fields, _PAYMENT_KEY)


def _rating(tray: Tray, row: Json) -> Draft:
    year = whole(need(row, "year"), "year") or 0
    if not 2000 <= year <= 2100:
        raise Fault("out_of_range", "year")
    announced_on = day(said(row, "announced_on"), "announced_on") or date(year + 1, *ANNOUNCED)
    fields: dict[str, Value] = {
        "tax": "other",
        "period_start_on": date(year, 1, 1),
        "period_end_on": date(year, 12, 31),
        "credit_rating": need(row, "rating"),
    }
    return filing(tray, announced_on, fields, _RATING_KEY)


def _row_out(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if "credit_rating" in row and row["tax"] == "other":
        announced = row["happened_on"].isoformat()
        return {
            "kind": "rating",
            "year": row["period_start_on"].year,
            "rating": row["credit_rating"],
            "announced_on": announced,
        }
    if "paid_fen" not in row or {"declared_sales_fen", "payable_fen", "revenue_fen"} & row.keys():
        return None
    days = {
        "period_start_on": "period_start_on",
        "period_end_on": "period_end_on",
        "happened_on": "paid_on",
        "due_on": "due_on",
    }
    out = {name: row[field].isoformat() for field, name in days.items() if field in row}
    amounts = {name: yuan(row[field]) for field, name in (("paid_fen", "paid"), ("late_fee_fen", "late_fee")) if field in row}
    staff = {"staff_count": row["staff_count"]} if "staff_count" in row else {}
    return {"kind": "payment", "tax": row["tax"], **out, **amounts, **staff}


def _is_certificates(head: bytes, _name: str) -> bool:
    return names_format(head, FORMAT)


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_certificates(path.read_bytes(), intake, file=path.name)


CERTIFICATES: Final = register_source(
    Source(
        name=FORMAT,
        en="tax payments and ratings (neutral JSON)",
        zh="完税证明与纳税信用（通用JSON）",
        signature=_is_certificates,
        read=_read_file,
    )
)
