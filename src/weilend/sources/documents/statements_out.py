"""In: records of bank lines and statement balances. Out: the statements that tell them. Used: by the writers of OFX, MT940,
CAMT.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.documents.entries import Entry
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.statements import Statement

Row = dict[str, Any]

_BALANCES = ("opening_fen", "closing_fen", "available_fen", "in_total_fen", "out_total_fen", "lines_count", "institution")


def statements_of(records: Mapping[str, pa.Table], *, calendar: Calendar, currency: str = "CNY") -> tuple[Statement, ...]:
    """Return a statement for each `statement_balance`, and one without balances for lines that none covers, by account and day.

    A counterparty is named by its `counterparty_id`. Raises `SourceError` where two statements of an account share a day: a line
    would not know which one it is of.

    >>> records = {"bank_entry": pa.table({"account_id": ["1"], "direction": ["in"], "amount_fen": [5], "line_no": [1],
    ...     "happened_on": [date(2020, 1, 1)], "happened_at": [0]})}
    >>> statements_of(records, calendar=Calendar())[0].period
    (datetime.date(2020, 1, 1), datetime.date(2020, 1, 1))
    """
    lines = sorted(
        _rows(records, "bank_entry"), key=lambda row: (row["account_id"], row["happened_on"], row.get("line_no") or 0)
    )
    balances = sorted(_rows(records, "statement_balance"), key=lambda row: (row["account_id"], row["period_start_on"]))
    _check_apart(balances)
    statements = []
    for balance in balances:
        mine = [row for row in lines if row["account_id"] == balance["account_id"] and _within(row, balance)]
        period = (balance["period_start_on"], balance["period_end_on"])
        statements.append(_statement(balance["account_id"], period, mine, calendar, currency, balance))
    left = [row for row in lines if not any(row["account_id"] == one["account_id"] and _within(row, one) for one in balances)]
    for account in dict.fromkeys(row["account_id"] for row in left):
        mine = [row for row in left if row["account_id"] == account]
        statements.append(_statement(account, (mine[0]["happened_on"], mine[-1]["happened_on"]), mine, calendar, currency, {}))
    return tuple(statements)


def yuan(fen: int) -> str:
    """Return an amount in units with two decimals.

    >>> yuan(-105), yuan(5)
    ('-1.05', '0.05')
    """
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def safe(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula, without control characters.

    >>> safe("=cmd()"), safe("rent\\x00 May")
    ("'=cmd()", 'rent May')
    """
    clean = "".join(sign for sign in text if sign >= " ")
    return f"'{clean}" if clean[:1] in ("=", "+", "-", "@") else clean


def _statement(
    account: str, period: tuple[date, date], rows: list[Row], calendar: Calendar, currency: str, balance: Row
) -> Statement:
    told: dict[str, Any] = {name: balance.get(name) for name in _BALANCES}
    lines: tuple[tuple[object, Entry | Fault], ...] = tuple(({}, _entry(row, calendar)) for row in rows)
    return Statement(account=account, currency=currency, lines=lines, period=period, **told)


def _entry(row: Row, calendar: Calendar) -> Entry:
    return Entry(
        amount_fen=row["amount_fen"],
        direction=row["direction"],
        booked_on=row["happened_on"],
        booked_at=row["happened_at"] if row.get("has_time") else None,
        value_on=calendar.day_of(row["value_at"]) if row.get("value_at") is not None else None,
        nature=row.get("nature") or "unknown",
        channel=row.get("channel"),
        party_kind=row.get("counterparty_kind") or "unknown",
        party=row.get("counterparty_id"),
        text=row.get("purpose"),
    )


def _rows(records: Mapping[str, pa.Table], kind: str) -> list[Row]:
    rows: list[Row] = records[kind].to_pylist() if kind in records else []
    return rows


def _within(row: Row, balance: Row) -> bool:
    return bool(balance["period_start_on"] <= row["happened_on"] <= balance["period_end_on"])


def _check_apart(balances: list[Row]) -> None:
    for before, after in pairwise(balances):
        if before["account_id"] == after["account_id"] and after["period_start_on"] <= before["period_end_on"]:
            message = f"two statements of an account share {after['period_start_on']}"
            raise SourceError(message, hint="write statements of an account that do not overlap")
