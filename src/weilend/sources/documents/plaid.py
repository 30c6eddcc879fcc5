"""In: a Plaid `/transactions/sync` or `/transactions/get` response. Out: bank lines and balances. Used: through `SOURCES`.

Source: Plaid API. An amount above zero is money that left the account. Pending transactions come again once they are booked,
and what was removed names only its id: both go into quarantine, with words, and change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.entries import Entry
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.jsons import Json, flag, listed, load_object, said
from weilend.sources.documents.scalars import amount, day, moment, needed
from weilend.sources.documents.statements import Statement, attempt, money, tell_statements
from weilend.sources.documents.statements_out import statements_of, yuan
from weilend.sources.documents.tray import Draft, Tray
from weilend.sources.intake import Intake

#: What a category says of a line's nature, finest first: detailed names begin with their primary one.
NATURES: Final = (
    ("INCOME_WAGES", "wages"), ("INCOME_INTEREST_EARNED", "interest"), ("INCOME_DIVIDENDS", "investment"),
    ("TRANSFER_IN_CASH_ADVANCES_AND_LOANS", "loan"), ("TRANSFER_IN_INVESTMENT", "investment"), ("TRANSFER_IN_DEPOSIT", "cash"),
    ("TRANSFER_IN_ACCOUNT_TRANSFER", "transfer"), ("TRANSFER_OUT_INVESTMENT", "investment"),
    ("TRANSFER_OUT_WITHDRAWAL", "cash"), ("TRANSFER_OUT_ACCOUNT_TRANSFER", "transfer"),
    ("LOAN_PAYMENTS_CREDIT_CARD", "card_repayment"), ("LOAN_PAYMENTS", "loan"), ("BANK_FEES_INTEREST", "interest"),
    ("BANK_FEES_INSUFFICIENT_FUNDS", "returned_unpaid"), ("BANK_FEES", "fee"), ("RENT_AND_UTILITIES_RENT", "rent"),
    ("RENT_AND_UTILITIES", "utility"), ("GOVERNMENT_AND_NON_PROFIT_TAX", "tax"),
)  # fmt: skip


def read_plaid(content: bytes, intake: Intake, *, file: str = "transactions.json") -> Batch:
    """Return the booked transactions of every account of a response, with the balances where the response covers days.

    >>> text = b'{"accounts": [], "added": [{"account_id": "a", "transaction_id": "t", "amount": 1.5, "iso_currency_code": "CNY",'
    >>> text += b'"date": "2020-01-02", "pending": false}], "modified": [], "removed": [], "next_cursor": "c"}'
    >>> from weilend.sources.tokens import Tokens
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1", tokens=Tokens(bytes(16)))
    >>> line = read_plaid(text, intake).records["bank_entry"].to_pylist()[0]
    >>> line["direction"], line["amount_fen"]
    ('out', 150)
    """
    intake.business(file)
    message = load_object(content, file)
    if not any(isinstance(message.get(name), list) for name in ("added", "modified", "transactions")):
        raise SourceError(f"{file} holds no transactions", hint="give the response of /transactions/sync or /transactions/get")
    rows = [row for name in ("added", "modified", "transactions") for row in listed(message, name)]
    tray = Tray("plaid", intake, file, content)
    accounts = {_account(row): row for row in listed(message, "accounts")}
    names = dict.fromkeys([*accounts, *(_account(row) for row in rows)])
    tell_statements(tray, [_statement(name, accounts.get(name), rows, intake.calendar) for name in names])
    for row in listed(message, "removed"):
        tray.row(row, _taken_back)
    return tray.batch()


def write_plaid(records: Mapping[str, pa.Table], *, calendar: Calendar, currency: str = "CNY") -> bytes:
    """Return bank lines as a `/transactions/sync` response in which all were added; of a balance it tells closing and available.

    >>> from datetime import date
    >>> records = {"bank_entry": pa.table({"account_id": ["1"], "direction": ["out"], "amount_fen": [5], "line_no": [1],
    ...     "happened_on": [date(2020, 1, 1)], "happened_at": [0]})}
    >>> b'"amount":0.05' in write_plaid(records, calendar=Calendar())
    True
    """
    statements = statements_of(records, calendar=calendar, currency=currency)
    accounts = {one.account: _write_account(one, currency) for one in statements}
    added = [
        _write_entry(one, line, number, currency)
        for one in statements
        for number, (_, line) in enumerate(one.lines, start=1)
        if isinstance(line, Entry)
    ]
    message = {"accounts": list(accounts.values()), "added": added, "modified": [], "removed": [], "has_more": False}
    return msgspec.json.encode({**message, "next_cursor": ""})


def _statement(name: str | None, account: Json | None, rows: list[Json], calendar: Calendar) -> Statement:
    read = partial(_entry, calendar=calendar)
    lines = tuple((row, attempt(read, row)) for row in rows if _account(row) == name)
    booked = [line.booked_on for _, line in lines if isinstance(line, Entry)]
    balances = account or {}
    return Statement(
        account=name,
        currency=_money(balances.get("balances"), *(row for row, _ in lines)),
        lines=lines,
        period=(min(booked), max(booked)) if booked else None,
        closing_fen=_balance(balances, "balances.current"),
        available_fen=_balance(balances, "balances.available"),
    )


def _entry(row: Json, calendar: Calendar) -> Entry:
    if flag(row, "pending"):
        raise Fault("not_booked")
    signed = needed(amount(said(row, "amount"), "amount"), "amount")
    booked_on = needed(day(said(row, "date"), "date"), "date")
    at = moment(said(row, "datetime"), "datetime", calendar)
    return Entry(
        amount_fen=abs(signed),
        direction="out" if signed > 0 else "in",
        booked_on=booked_on if at is None else calendar.day_of(at),
        booked_at=at,
        nature=_nature(said(row, "personal_finance_category.detailed", "personal_finance_category.primary") or ""),
        channel={"online": "online_bank", "in store": "terminal"}.get(said(row, "payment_channel") or ""),
        party=_party(row),
    )


def _party(row: Json) -> str | None:
    """Return the first counterparty that is named, else the line's own text: what it was before it was enriched."""
    named = (said(one, "name") for one in listed(row, "counterparties"))
    return next((name for name in named if name), None) or said(row, "name")


def _nature(category: str) -> str:
    return next((nature for name, nature in NATURES if category.startswith(name)), "unknown")


def _account(row: Json) -> str | None:
    try:
        return said(row, "account_id")
    except Fault:
        return None


def _money(*rows: object) -> str | None:
    for row in rows:
        try:
            code = money(said(row, "iso_currency_code", "unofficial_currency_code"))
        except Fault:
            continue
        if code:
            return code
    return None


def _balance(account: Json, path: str) -> int | None:
    try:
        return amount(said(account, path), path)
    except Fault:
        return None


def _taken_back() -> list[Draft]:
    raise Fault("taken_back")


def _write_account(statement: Statement, currency: str) -> Json:
    told = {"current": statement.closing_fen, "available": statement.available_fen}
    balances = {name: None if fen is None else msgspec.Raw(yuan(fen).encode()) for name, fen in told.items()}
    return {"account_id": statement.account, "balances": {**balances, "limit": None, "iso_currency_code": currency}}


def _write_entry(statement: Statement, line: Entry, number: int, currency: str) -> Json:
    category = next((name for name, nature in NATURES if nature == line.nature), None)
    return {
        "account_id": statement.account,
        "transaction_id": f"{statement.account}-{line.booked_on:%Y%m%d}-{number}",
        "amount": msgspec.Raw(yuan(-line.signed_fen).encode()),
        "iso_currency_code": currency,
        "date": line.booked_on.isoformat(),
        "pending": False,
        "name": line.party,
        "personal_finance_category": {"detailed": category} if category else None,
    }


def _is_plaid(head: bytes, _name: str) -> bool:
    return head.lstrip().startswith(b"{") and b'"account_id"' in head and (b'"added"' in head or b'"transactions"' in head)


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_plaid(path.read_bytes(), intake, file=path.name)


PLAID: Final = register_source(
    Source(name="plaid", en="Plaid transactions", zh="Plaid交易流水", signature=_is_plaid, read=_read_file)
)
