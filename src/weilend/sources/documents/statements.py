"""In: statements of accounts as OFX, MT940, CAMT and Plaid tell them. Out: their records and facts, and back. Used: by those
formats.

Where a statement tells its opening balance and its lines add up to the closing one, the balance after each line follows:
lines of one account then meet across formats by account, day, direction, amount, balance and ordinal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import accumulate, pairwise
from typing import Final, TypeVar

import msgspec

from weilend.sources.documents.entries import Entry
from weilend.sources.documents.facts import tell_fact
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.meanings import with_meanings
from weilend.sources.documents.tray import Draft, Tray
from weilend.sources.tokens import scrub

N = TypeVar("N")
#: Lines as (the line as it stood, the line or what is wrong with it).
Lines = tuple[tuple[object, Entry | Fault], ...]
#: How many lines of an account and day a sheet has told so far.
Places = Counter[tuple[int, str | None, date]]

LAG_DAYS: Final = 1  # a bank tells on the next day
MAX_PURPOSE: Final = 140  # characters, as a SEPA remittance text has
_SAME_MONEY: Final = {"RMB": "CNY", "CNH": "CNY"}


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement in clear: its lines as (the line as it stood, the line or what is wrong with it), in the order of the file.

    `ends_with_closing` where `closing_fen` is the balance after the last line, so that the balances before it follow.

    >>> Statement(account="1", currency="EUR", lines=()).period is None
    True
    """

    account: str | None
    currency: str | None
    lines: Lines
    institution: str | None = None
    period: tuple[date, date] | None = None
    opening_fen: int | None = None
    closing_fen: int | None = None
    ends_with_closing: bool = False
    available_fen: int | None = None
    in_total_fen: int | None = None
    out_total_fen: int | None = None
    lines_count: int | None = None


def attempt(read: Callable[[N], Entry], node: N) -> Entry | Fault:
    """Return a line, or the fault that keeps it from being one.

    >>> def read(node): raise Fault("missing", "Amt")
    >>> attempt(read, None).code
    'missing'
    """
    try:
        return read(node)
    except Fault as fault:
        return fault


def tell_statements(tray: Tray, statements: Sequence[Statement]) -> None:
    """Put the lines, balances and facts of statements on a tray.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources.intake import Intake
    >>> from weilend.sources.tokens import Tokens
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1", tokens=Tokens(bytes(16)))
    >>> tray = Tray("example", intake, "a", b"")
    >>> line = Entry(amount_fen=100, direction="in", booked_on=date(2020, 1, 1))
    >>> tell_statements(tray, [Statement(account="1", currency="CNY", lines=(({}, line),), opening_fen=5, closing_fen=105)])
    >>> tray.batch().records["bank_entry"]["balance_fen"].to_pylist()
    [105]
    """
    places: Places = Counter()
    for statement, sheet in zip(statements, _sheets(statements), strict=True):
        _tell_statement(tray, statement, sheet, places)
    _tell_chains(tray, statements)


def money(code: str | None) -> str | None:
    """Return the code of a currency, the usual other names of the yuan as CNY.

    >>> money("rmb"), money(None)
    ('CNY', None)
    """
    plain = (code or "").strip().upper()
    return _SAME_MONEY.get(plain, plain) or None


def account_digits(account: str) -> str:
    """Return an account number as it is hashed: capitals and digits without spaces, dots and hyphens.

    >>> account_digits("nl81 ASNB 9999-9999.99")
    'NL81ASNB9999999999'
    """
    return "".join(sign for sign in account.upper() if sign.isalnum() or sign in "/*")


def _tell_statement(tray: Tray, statement: Statement, sheet: int, places: Places) -> None:
    refusal = _refusal(tray, statement)
    account_id = None if refusal else tray.hide("account", _account(tray, statement))
    lines = _with_meanings(_ascending(statement.lines), tray)
    balances = _running(statement, lines)
    for (original, line), balance_fen in zip(lines, balances, strict=True):
        if refusal is None and isinstance(line, Entry):
            places[sheet, account_id, line.booked_on] += 1
            place = places[sheet, account_id, line.booked_on]
            tray.row(original, _entry_reader(tray, line, account_id, balance_fen, place, sheet))
        else:
            tray.row(original, _refuser(refusal or line))
    if refusal is None:
        _tell_balance(tray, statement, account_id)
        _tell_sums(tray, statement, account_id)


def _with_meanings(lines: Lines, tray: Tray) -> Lines:
    told = iter(with_meanings([line for _, line in lines if isinstance(line, Entry)], tray.intake.names))
    return tuple((original, next(told) if isinstance(line, Entry) else line) for original, line in lines)


def _refusal(tray: Tray, statement: Statement) -> Fault | None:
    if not _account(tray, statement):
        return Fault("no_account")
    said = money(statement.currency)
    return Fault("foreign_currency", said) if said and said != money(tray.intake.currency) else None


def _account(tray: Tray, statement: Statement) -> str:
    """Return the account: as the file names it, or as the intake does where the file is silent or masks it."""
    named = account_digits(statement.account or "")
    return account_digits(tray.intake.account) if not named or ("*" in named and tray.intake.account) else named


def _refuser(fault: Entry | Fault) -> Callable[[], list[Draft]]:
    def refuse() -> list[Draft]:
        assert isinstance(fault, Fault)
        raise fault

    return refuse


def _entry_reader(
    tray: Tray, line: Entry, account_id: str | None, balance_fen: int | None, place: int, sheet: int
) -> Callable[[], list[Draft]]:
    def read() -> list[Draft]:
        fields = {
            "account_id": account_id,
            "direction": line.direction,
            "amount_fen": line.amount_fen,
            "counterparty_id": tray.hide("party", line.party) or tray.hide("account", account_digits(line.party_account or "")),
            "counterparty_kind": line.party_kind,
            "lender_id": line.lender,
            "nature": line.nature,
            "balance_fen": balance_fen,
            "line_no": place,
            "purpose": _purpose(line),
            "channel": line.channel,
            "has_time": line.booked_at is not None,
            "value_at": tray.intake.calendar.start_of(line.value_on) if line.value_on else None,
        }
        happened_at = line.booked_at if line.booked_at is not None else tray.end_of(line.booked_on)
        known_at = tray.end_of(line.booked_on, LAG_DAYS)
        return [
            Draft(
                kind="bank_entry",
                fields=fields,
                happened_at=happened_at,
                happened_on=line.booked_on,
                known_at=known_at,
                sheet=sheet,
            )
        ]

    return read


def _purpose(line: Entry) -> str | None:
    names = [name for name in (line.party, line.party_account) if name]
    words = " ".join(scrub(line.text or "", names).split())
    return words[:MAX_PURPOSE] or None


def _ascending(lines: Lines) -> Lines:
    """Return lines from the oldest on: statements that begin with the newest line are turned round as a whole."""
    days = [line.booked_on for _, line in lines if isinstance(line, Entry)]
    return lines[::-1] if days and days[0] > days[-1] else lines


def _running(statement: Statement, lines: Sequence[tuple[object, Entry | Fault]]) -> list[int | None]:
    """Return the balance after each line, or None throughout where the statement does not carry it."""
    nothing: list[int | None] = [None] * len(lines)
    entries = [line for _, line in lines if isinstance(line, Entry)]
    start_fen = _start_fen(statement)
    if start_fen is None or _unread(statement):
        return nothing
    after = list(accumulate((line.signed_fen for line in entries), initial=start_fen))[1:]
    if statement.closing_fen is not None and after and after[-1] != statement.closing_fen:
        return nothing
    following = iter(after)
    return [next(following) if isinstance(line, Entry) else None for _, line in lines]


def _start_fen(statement: Statement) -> int | None:
    """Return the balance before the first line: as told, or as it follows from the balance after the last one."""
    if statement.opening_fen is not None or not statement.ends_with_closing or statement.closing_fen is None:
        return statement.opening_fen
    return statement.closing_fen - sum(line.signed_fen for _, line in statement.lines if isinstance(line, Entry))


def _unread(statement: Statement) -> int:
    """Return how many booked lines could not be read; what is not booked yet moves no balance."""
    faults = [line for _, line in statement.lines if isinstance(line, Fault)]
    return sum(fault.code != "not_booked" for fault in faults)


def _tell_balance(tray: Tray, statement: Statement, account_id: str | None) -> None:
    names = ("opening_fen", "closing_fen", "available_fen", "in_total_fen", "out_total_fen", "lines_count")
    told = {name: getattr(statement, name) for name in names}
    if statement.period is None or all(value is None for value in told.values()):
        return
    first, last = statement.period
    fields = {
        "account_id": account_id,
        "period_start_on": first,
        "period_end_on": last,
        "institution": statement.institution,
        "file_id": tray.file_id,
        **told,
    }
    end, known = tray.end_of(last), tray.end_of(last, LAG_DAYS)
    tray.about_file(Draft(kind="statement_balance", fields=fields, happened_at=end, happened_on=last, known_at=known))


def _tell_sums(tray: Tray, statement: Statement, account_id: str | None) -> None:
    """State whether opening and lines make the closing balance, and whether the lines make the totals of the header."""
    if statement.period is None or _unread(statement):
        return
    entries = [line for _, line in statement.lines if isinstance(line, Entry)]
    moved = sum(line.signed_fen for line in entries)
    tell = partial(tell_fact, tray, on=statement.period[1], account_id=account_id, period=statement.period, lag_days=LAG_DAYS)
    if statement.opening_fen is not None and statement.closing_fen is not None:
        expected, found = statement.closing_fen, statement.opening_fen + moved
        failed = int(expected != found)
        tell(check_name="statement_sums", expected_fen=expected, found_fen=found, failed_count=failed)
    totals = list(_totals(statement, entries))
    if totals:
        counts = [(statement.lines_count, len(entries))] if statement.lines_count is not None else []
        failed = sum(expected != found for expected, found in (*totals, *counts))
        expected, found = (sum(column) for column in zip(*totals, strict=True))
        checked = len(totals) + len(counts)
        tell(check_name="header_totals", expected_fen=expected, found_fen=found, checked_count=checked, failed_count=failed)


def _totals(statement: Statement, entries: Sequence[Entry]) -> Iterator[tuple[int, int]]:
    """Yield (as the header says, as the lines say) of what came in and of what went out."""
    for direction, said in (("in", statement.in_total_fen), ("out", statement.out_total_fen)):
        if said is not None:
            yield said, sum(line.amount_fen for line in entries if line.direction == direction)


def _sheets(statements: Sequence[Statement]) -> list[int]:
    """Return the sheet of each statement: one that goes on where the last one of its account ended is a page of the same sheet.

    Statements without balances share sheet 0: only their order tells equal lines apart.
    """
    sheets: list[int] = []
    last: dict[str | None, tuple[int, Statement]] = {}
    for number, statement in enumerate(statements, start=1):
        sheet = number if _start_fen(statement) is not None else 0
        before = last.get(statement.account)
        if sheet and before and _goes_on(before[1], statement):
            sheet = before[0]
        last[statement.account] = (sheet, statement)
        sheets.append(sheet)
    return sheets


def _goes_on(before: Statement, after: Statement) -> bool:
    if before.period is None or after.period is None or before.closing_fen is None:
        return False
    return before.closing_fen == after.opening_fen and before.period[1] <= after.period[0]


def _tell_chains(tray: Tray, statements: Sequence[Statement]) -> None:
    """State for each account whether its statements follow one another without a gap in the balance."""
    accounts = dict.fromkeys(statement.account for statement in statements)
    for account in accounts:
        chain = [one for one in statements if one.account == account and one.period and _refusal(tray, one) is None]
        pairs = [(one, two) for one, two in pairwise(chain) if one.closing_fen is not None and two.opening_fen is not None]
        if not pairs:
            continue
        broken = [(one, two) for one, two in pairs if one.closing_fen != two.opening_fen]
        one, two = broken[0] if broken else pairs[-1]
        last = max(statement.period[1] for statement in chain if statement.period)
        tell_fact(
            tray, "running_balance", last, expected_fen=one.closing_fen, found_fen=two.opening_fen, checked_count=len(pairs),
            failed_count=len(broken), account_id=tray.hide("account", _account(tray, one)), lag_days=LAG_DAYS,
        )  # fmt: skip
