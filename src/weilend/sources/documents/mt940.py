"""In: an MT940 or MT942 file. Out: bank lines, balances, facts; and back as MT940. Used: through `SOURCES`.

Source: SWIFT MT940 (customer statement); the fields are read by the library `mt-940` (BSD), one line of the statement at a
time, so that a line it cannot read is quarantined and the others stay. A counterparty and a purpose are kept only where field
86 tells them apart (?20 to ?33): plain text mixes names into it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import mt940
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.entries import Direction, Entry
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.scalars import amount
from weilend.sources.documents.statements import Statement, attempt, money, tell_statements
from weilend.sources.documents.statements_out import safe, statements_of, yuan
from weilend.sources.documents.tray import Tray
from weilend.sources.files.limits import check_size
from weilend.sources.intake import Intake

# The library logs every line that it cannot read, names included: nothing of a statement may reach a log.
logging.getLogger("mt940").propagate = False
logging.getLogger("mt940").addHandler(logging.NullHandler())

_TAG = re.compile(r"^:(\d{2}[A-Z]?|NS):", re.MULTILINE)
#: An amount with a point in it, which the library would cut there: 1.234,56 would be 1.
_POINT = re.compile(r"[0-9]{6}(?:[0-9]{4})?[A-Z]{1,3}[0-9,]*\.|[CD][0-9]{6}[A-Z]{3}[0-9,]*\.")
_MARK = re.compile(rb"(?m)^\s*(?:\{4:)?:(?:20|25|28C?|60[FM]|61|62[FM]|86|NS):")
_OPENING: Final = ("final_opening_balance", "intermediate_opening_balance", "opening_balance")
_CLOSING: Final = ("final_closing_balance", "intermediate_closing_balance", "closing_balance")
#: How banks write field 61: as the standard says, with a longer reference before "//", with an account as reference.
_LINES: Final = (mt940.tags.Statement, mt940.tags.StatementGLS, mt940.tags.StatementASNB)
_BROKEN = (RuntimeError, ValueError, ArithmeticError, KeyError, IndexError, AttributeError, TypeError)

#: What a type of line (field 61) or a German business code (field 86) says of its nature.
NATURES: Final = {"NCHG": "fee", "NCOM": "fee", "NINT": "interest", "NDIV": "investment", "NLDP": "loan", "NRTI": "returned_unpaid",
                  "805": "fee", "808": "fee", "814": "interest", "159": "returned_unpaid", "109": "returned_unpaid"}  # fmt: skip
_TYPES_OUT: Final = {"fee": "NCHG", "interest": "NINT", "investment": "NDIV", "loan": "NLDP", "returned_unpaid": "NRTI"}
_REVERSALS: Final = {"RD": "in", "RC": "out"}
_WIDTH = 27  # characters in a subfield of field 86

#: Natures of a bank line that MT940 can say; others become unknown when written.
MT940_NATURES: Final = frozenset({*_TYPES_OUT, "reversal", "unknown"})


class _Field(msgspec.Struct, frozen=True):
    tag: str
    text: str


def read_mt940(content: bytes, intake: Intake, *, file: str = "statement.sta") -> Batch:
    """Return the lines, balances and facts of every statement of an MT940 or MT942 file.

    Raises `SourceError` for a file without lines and balances.

    >>> text = b":20:1\\n:25:1/2\\n:28C:1\\n:60F:C200101CNY10,00\\n:61:2001020102D1,50NCHGNONREF\\n:62F:C200102CNY8,50\\n-"
    >>> from weilend.sources.tokens import Tokens
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1", tokens=Tokens(bytes(16)))
    >>> line = read_mt940(text, intake).records["bank_entry"].to_pylist()[0]
    >>> line["direction"], line["amount_fen"], line["nature"], line["balance_fen"]
    ('out', 150, 'fee', 850)
    """
    intake.business(file)
    blocks = list(_blocks(_decoded(check_size(content, file))))
    statements = [_statement(block) for block in blocks]
    if not any(statement.lines or statement.closing_fen is not None for statement in statements):
        tags = ", ".join(sorted({f":{field.tag}:" for block in blocks for field in block})) or "none"
        hint = f"ask the bank for the whole statement; its fields are {tags}"
        raise SourceError(f"{file} holds neither a line (:61:) nor a closing balance (:62F:) of an account", hint=hint)
    tray = Tray("mt940", intake, file, content)
    tell_statements(tray, statements)
    if tray.is_empty():
        raise SourceError(f"{file} names no account (:25:)", hint="give the account, or ask the bank for the whole statement")
    return tray.batch()


def write_mt940(records: Mapping[str, pa.Table], *, calendar: Calendar, currency: str = "CNY") -> bytes:
    """Return statement balances with their bank lines as MT940; raises `SourceError` without opening and closing balance.

    >>> write_mt940({"bank_entry": pa.table({"account_id": ["1"], "direction": ["in"], "amount_fen": [5], "line_no": [1],
    ...     "happened_on": [date(2020, 1, 1)], "happened_at": [0]})}, calendar=Calendar())
    Traceback (most recent call last):
    weilend.core.errors.SourceError: MT940 needs the opening and closing balance of a statement. Hint: give a ...
    """
    statements = statements_of(records, calendar=calendar, currency=currency)
    return "".join(f"{_render(one, number)}-\n" for number, one in enumerate(statements, start=1)).encode()


def _decoded(content: bytes) -> str:
    plain = content.removeprefix(b"\xef\xbb\xbf")
    for encoding in ("utf-8", "cp1252"):
        try:
            return plain.decode(encoding)
        except UnicodeDecodeError:
            continue
    return plain.decode("latin-1")


def _blocks(text: str) -> Iterator[list[_Field]]:
    """Yield the fields of each statement: one begins with field 20; what stands before the first one is a statement without it."""
    text = re.sub(r"\{4:\s*", "\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    starts = list(_TAG.finditer("\n".join(line.rstrip() for line in text.split("\n"))))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    block: list[_Field] = []
    for number, start in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        field = _Field(start[1], text[start.end() : end].split("\n-")[0].strip())
        if field.tag == "20" and block:
            yield block
            block = []
        block.append(field)
    if block:
        yield block


def _statement(block: list[_Field]) -> Statement:
    balances = _balances(block)
    opening, closing = (_first(balances, names) for names in (_OPENING, _CLOSING))
    available = balances.get("available_balance")
    currency = next((money(one.amount.currency) for one in (opening, closing, available) if one), None) or _floor(block)
    lines = tuple((line, attempt(partial(_entry, currency=currency), line)) for line in _lines(block))
    sums = {name: balances.get(f"sum_{name}_entries") for name in ("credit", "debit")}
    return Statement(
        account=_account(block, currency),
        currency=currency,
        lines=lines,
        period=_period(opening, closing, [line for _, line in lines if isinstance(line, Entry)]),
        opening_fen=_fen(opening.amount) if opening else None,
        closing_fen=_fen(closing.amount) if closing else None,
        available_fen=_fen(available.amount) if available else None,
        in_total_fen=_magnitude(sums["credit"]),
        out_total_fen=_magnitude(sums["debit"]),
        lines_count=_count(*sums.values()),
    )


def _account(block: list[_Field], currency: str | None) -> str | None:
    """Return the account without the currency that some banks write after it."""
    named = next((field.text.split("\n")[0] for field in block if field.tag == "25"), "")
    return named.removesuffix(currency or "").strip() or None


def _lines(block: list[_Field]) -> Iterator[dict[str, str]]:
    """Yield each field 61 with what follows it in fields 86 and NS."""
    line: dict[str, str] = {}
    for field in block:
        if field.tag == "61":
            if line:
                yield line
            line = {"61": field.text}
        elif line and field.tag in ("86", "NS"):
            line[field.tag] = f"{line[field.tag]}\n{field.text}" if field.tag in line else field.text
        elif line:
            yield line
            line = {}
    if line:
        yield line


def _parsed(text: str, tag: str, variants: tuple[type[mt940.tags.Tag], ...] = (mt940.tags.Statement,)) -> Any:
    """Return what the library makes of some fields; raises `Fault` where it makes nothing of them."""
    for variant in variants:
        transactions = mt940.models.Transactions(tags={61: variant()}, options=mt940.Options.all())
        try:
            transactions.parse(text)
        except _BROKEN:
            continue
        return transactions
    raise Fault("not_of_format", f":{tag}:")


def _balances(block: list[_Field]) -> dict[str, Any]:
    """Return the balances and sums that can be read, by the library's names; one without a currency was mistyped."""
    found: dict[str, Any] = {}
    for field in block:
        if field.tag[:2] not in ("60", "62", "64", "90") or _POINT.match(field.text):
            continue
        try:
            told = _parsed(f":{field.tag}:{field.text}", field.tag).data
        except Fault:
            continue
        found |= {name: one for name, one in told.items() if _has_currency(one) and name not in found}
    return found


def _has_currency(one: Any) -> bool:
    held = one if hasattr(one, "number") else one.amount
    code = getattr(held, "currency", None) or ""
    return bool(re.fullmatch(r"[A-Z]{3}", code))


def _floor(block: list[_Field]) -> str | None:
    """Return the currency of the floor limit (field 34F): an interim report tells no balance."""
    return next((field.text[:3] for field in block if field.tag == "34F" and re.match(r"[A-Z]{3}", field.text)), None)


def _first(balances: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((balances[name] for name in names if name in balances), None)


def _period(opening: Any, closing: Any, lines: list[Entry]) -> tuple[date, date] | None:
    """Return first and last day. An opening balance is that of the evening before, unless a line or the closing is of its day."""
    days = [line.booked_on for line in lines]
    if opening is None or closing is None:
        return (min(days), max(days)) if days else _same(closing)
    first, last = (_plain_day(one.date) for one in (opening, closing))
    begins = first if first in days or first >= last else first + timedelta(days=1)
    return min([begins, *days]), max([last, *days])


def _same(closing: Any) -> tuple[date, date] | None:
    return (_plain_day(closing.date), _plain_day(closing.date)) if closing else None


def _plain_day(value: date) -> date:
    return date(value.year, value.month, value.day)


def _fen(one: Any) -> int | None:
    try:
        return amount(str(one.amount), "")
    except Fault:
        return None


def _magnitude(one: Any) -> int | None:
    fen = _fen(one) if one else None
    return None if fen is None else abs(fen)


def _count(*sums: Any) -> int | None:
    return None if None in sums else sum(int(one.number or 0) for one in sums)


def _entry(line: dict[str, str], currency: str | None) -> Entry:
    if _POINT.match(line.get("61", "")):
        raise Fault("not_an_amount", ":61:")
    money_line = f":60F:C000101{currency or 'XXX'}0,\n"
    found = _parsed(money_line + "\n".join(f":{tag}:{text}" for tag, text in line.items()), "61", _LINES)
    if len(found) != 1 or "amount" not in found[0].data:
        raise Fault("not_of_format", ":61:")
    data = found[0].data
    signed = amount(str(data["amount"].amount), ":61:") or 0
    mark = str(data["status"]).upper()
    direction: Direction = "out" if mark in ("D", "RC") else "in"
    booked_on = _plain_day(data.get("entry_date") or data["date"])
    code = re.match(r"\d{3}(?=\?)", line.get("86", ""))
    nature = NATURES.get(str(data.get("id") or "").upper()) or NATURES.get(code[0] if code else "", "unknown")
    return Entry(
        amount_fen=abs(signed),
        direction=direction,
        booked_on=booked_on,
        value_on=_plain_day(data["date"]),
        nature="reversal" if mark in _REVERSALS else nature,
        party=data.get("applicant_name"),
        party_account=data.get("applicant_iban"),
        text=data.get("purpose"),
    )


def _render(statement: Statement, number: int) -> str:
    if statement.opening_fen is None or statement.closing_fen is None or statement.period is None:
        raise SourceError(
            "MT940 needs the opening and closing balance of a statement", hint="give a statement_balance with both"
        )
    first, last = statement.period
    currency = statement.currency or "CNY"
    fields = [
        f":20:{number:016d}",
        f":25:{statement.account}",
        f":28C:{number:05d}/00001",
        f":60F:{_balance_text(statement.opening_fen, first - timedelta(days=1), currency)}",
        *(text for _, line in statement.lines if isinstance(line, Entry) for text in _line_text(line)),
        f":62F:{_balance_text(statement.closing_fen, last, currency)}",
    ]
    if statement.available_fen is not None:
        fields.append(f":64:{_balance_text(statement.available_fen, last, currency)}")
    return "".join(f"{field}\n" for field in fields)


def _balance_text(fen: int, on: date, currency: str) -> str:
    return f"{'C' if fen >= 0 else 'D'}{_short(on)}{currency}{_comma(fen)}"


def _line_text(line: Entry) -> Iterator[str]:
    marks = {"in": "RD", "out": "RC"} if line.nature == "reversal" else {"in": "C", "out": "D"}
    kind = _TYPES_OUT.get(line.nature, "NMSC")
    value_on = line.value_on or line.booked_on
    yield f":61:{_short(value_on)}{line.booked_on:%m%d}{marks[line.direction]}{_comma(line.amount_fen)}{kind}NONREF"
    purpose, party = (_swift(text) for text in (line.text, line.party))
    if purpose or party:
        parts = [f"?{20 + place}{text}" for place, text in enumerate(_chunks(purpose))]
        names = [f"?{32 + place}{text}" for place, text in enumerate(_chunks(party))]
        yield f":86:999?00BOOKING{''.join(parts)}{''.join(names)}"


def _chunks(text: str) -> list[str]:
    """Return a text in pieces that neither begin nor end with a space, which field 86 would lose."""
    pieces = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return [piece for piece in pieces if piece]


def _swift(text: str | None) -> str:
    """Return a text without the signs that structure field 86."""
    return safe(text or "").replace("?", " ").strip()


def _short(on: date) -> str:
    if not 2000 <= on.year <= 2099:
        raise SourceError(
            f"MT940 cannot say the year {on.year}", hint="write another format for days before 2000 or after 2099"
        )
    return f"{on:%y%m%d}"


def _comma(fen: int) -> str:
    return yuan(abs(fen)).replace(".", ",")


def _is_mt940(head: bytes, _name: str) -> bool:
    return not head.lstrip().startswith((b"<", b"[")) and _MARK.search(head) is not None


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_mt940(path.read_bytes(), intake, file=path.name)


MT940: Final = register_source(
    Source(name="mt940", en="MT940 bank statement", zh="MT940银行对账单", signature=_is_mt940, read=_read_file)
)
