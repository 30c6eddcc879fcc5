"""In: what returns and certificates have in common. Out: drafts of tax_filing. Used: by vat_return, income_tax, certificates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from weilend.core.calendars import first_of_month, month_index
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.jsons import Json, flag, said
from weilend.sources.documents.scalars import amount, day, needed, needed_day
from weilend.sources.documents.tray import Draft, Tray, Value

DUE_DAY: Final = 15  # of the month after the period: when a return is filed that does not say when


def check_taxpayer(tray: Tray, row: Json) -> None:
    """Raise `Fault` where a row names another taxpayer than the one whose papers these are said to be.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources.intake import Intake
    >>> tray = Tray("vat_return", Intake(calendar=Calendar(), consent_id="c", business_id="B1", tax_id="9A"), "a.json", b"")
    >>> check_taxpayer(tray, {"taxpayer_id": "9B"})
    Traceback (most recent call last):
    weilend.sources.documents.faults.Fault: not_ours: taxpayer_id
    """
    named = said(row, "taxpayer_id")
    if named and tray.intake.tax_id and named.upper() != tray.intake.tax_id.strip().upper():
        raise Fault("not_ours", "taxpayer_id")


def period(row: Json) -> tuple[date, date]:
    """Return first and last day of the period that a row is for.

    >>> period({"period_start_on": "2025-01-01", "period_end_on": "2025-01-31"})[1]
    datetime.date(2025, 1, 31)
    """
    first, last = (needed_day(said(row, name), name) for name in ("period_start_on", "period_end_on"))
    if last < first:
        raise Fault("day_out_of_range", "period_end_on")
    return first, last


def filed(row: Json, period_end_on: date) -> date:
    """Return the day on which a return was filed; where it does not say, the 15th of the month after its period.

    >>> filed({}, date(2025, 1, 31))
    datetime.date(2025, 2, 15)
    """
    told = day(said(row, "filed_on"), "filed_on")
    return told or first_of_month(month_index(period_end_on) + 1) + timedelta(days=DUE_DAY - 1)


def late_days(on: date, due_on: date | None) -> int | None:
    """Return how many days after its last day something was done; None where no last day is told.

    >>> late_days(date(2025, 2, 17), date(2025, 2, 15)), late_days(date(2025, 2, 1), None)
    (2, None)
    """
    return None if due_on is None else max((on - due_on).days, 0)


def fen_of(row: Json, names: Mapping[str, str]) -> dict[str, int | None]:
    """Return the amounts of a row by field, from yuan under other names.

    >>> fen_of({"paid": "1.50"}, {"paid_fen": "paid"})
    {'paid_fen': 150}
    """
    return {field: amount(said(row, name), name) for field, name in names.items()}


def filing(tray: Tray, on: date, fields: Mapping[str, Value], key: tuple[str, ...] = ()) -> Draft:
    """Return the draft of a return or certificate of a day; it was known at the end of that day.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources.intake import Intake
    >>> tray = Tray("vat_return", Intake(calendar=Calendar(), consent_id="c", business_id="B1"), "a.json", b"")
    >>> filing(tray, date(2025, 2, 15), {"tax": "vat"}).fields["business_id"]
    'B1'
    """
    end = tray.end_of(on)
    named = {"business_id": tray.intake.business_id, **fields}
    return Draft(kind="tax_filing", fields=named, happened_at=end, happened_on=on, known_at=end, key=key)


def common(row: Json, tax: str) -> dict[str, Value]:
    """Return the fields that every return has: tax, period, last day, days late, whether it corrects another.

    >>> common({"period_start_on": "2025-01-01", "period_end_on": "2025-01-31", "due_on": "2025-02-17"}, "vat")["late_days"]
    0
    """
    first, last = period(row)
    due_on = day(said(row, "due_on"), "due_on")
    return {
        "tax": tax,
        "period_start_on": first,
        "period_end_on": last,
        "due_on": due_on,
        "late_days": late_days(filed(row, last), due_on),
        "is_correction": flag(row, "is_correction"),
    }


def rows_out(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a table of tax filings without what they do not tell.

    >>> import pyarrow as pa
    >>> rows_out(pa.table({"tax": ["vat"], "paid_fen": pa.array([None], pa.int64())}))
    [{'tax': 'vat'}]
    """
    return [{name: value for name, value in row.items() if value is not None} for row in table.to_pylist()]


def common_out(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every return has, as JSON.

    >>> common_out({"period_start_on": date(2025, 1, 1), "period_end_on": date(2025, 1, 31), "happened_on": date(2025, 2, 15)})
    {'period_start_on': '2025-01-01', 'period_end_on': '2025-01-31', 'filed_on': '2025-02-15'}
    """
    names = {
        "period_start_on": "period_start_on",
        "period_end_on": "period_end_on",
        "happened_on": "filed_on",
        "due_on": "due_on",
    }
    out: dict[str, Any] = {name: row[field].isoformat() for field, name in names.items() if field in row}
    return {**out, **({"is_correction": row["is_correction"]} if "is_correction" in row else {})}


def need(row: Json, name: str) -> str:
    """Return a text that a row must have.

    >>> need({"rating": "A"}, "rating")
    'A'
    """
    return needed(said(row, name), name)
