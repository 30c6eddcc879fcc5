"""In: CAMT.052, .053 or .054 of any version. Out: bank lines, balances, facts; and back as CAMT.053. Used: through `SOURCES`.

Source: ISO 20022 bank-to-customer cash management. Elements are found by local name, so that every version reads alike; what
differs between versions stands in tables below. An entry is one line: the amounts of the transactions in a batch are not
booked one by one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.entries import Direction, Entry
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.scalars import amount, day, moment, needed, whole
from weilend.sources.documents.statements import Statement, attempt, money, tell_statements
from weilend.sources.documents.statements_out import safe, statements_of, yuan
from weilend.sources.documents.tray import Tray
from weilend.sources.documents.tree import DECLARATION, parse_xml, plain, starts_as_xml, told
from weilend.sources.intake import Intake

#: What holds entries: statements, intraday reports, notifications.
STATEMENTS: Final = ("Stmt", "Rpt", "Ntfctn")
#: Codes of balances, best first. PRCD is the closing balance of the day before.
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)
_AVAILABLE: Final = ("CLAV", "ITAV")
_DIRECTIONS: Final[dict[str, Direction]] = {"CRDT": "in", "DBIT": "out"}
_ACCOUNTS: Final = ("Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN", "Id/UPIC")

#: What a code of the bank transaction (domain, family or subfamily) says of its nature, finest first.
NATURES: Final = {
    "INTR": "interest", "CHRG": "fee", "COMM": "fee", "FEES": "fee", "TAXE": "tax", "SALA": "wages", "CWDL": "cash", "CDPT": "cash",
    "RRTN": "returned_unpaid", "XRTN": "returned_unpaid", "ARET": "returned_unpaid", "UPDD": "returned_unpaid",
    "DDWN": "loan", "PPAY": "loan", "LDAS": "loan", "SECU": "investment",
}  # fmt: skip
_CODES_OUT: Final = {
    "interest": ("ACMT", "MCOP", "INTR"), "fee": ("ACMT", "MDOP", "CHRG"), "tax": ("ACMT", "MDOP", "TAXE"),
    "wages": ("PMNT", "ICDT", "SALA"), "cash": ("PMNT", "CNTR", "CWDL"), "returned_unpaid": ("PMNT", "RCDT", "RRTN"),
    "loan": ("LDAS", "CSLN", "DDWN"), "investment": ("SECU", "SETT", "TRAD"),
}  # fmt: skip

#: Natures of a bank line that CAMT can say; others become unknown when written.
CAMT_NATURES: Final = frozenset({*_CODES_OUT, "reversal", "unknown"})


def read_camt(content: bytes, intake: Intake, *, file: str = "statement.xml") -> Batch:
    """Return the booked entries, balances and facts of every statement, report or notification of a CAMT file.

    Raises `SourceError` for another kind of document or one without statements.

    >>> text = b'<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>1</IBAN></Id></Acct><Ntry><Amt Ccy="CNY">1.5</Amt><CdtDbtInd>DBIT'
    >>> text += b'</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2020-01-02</Dt></BookgDt></Ntry></Stmt></BkToCstmrStmt>'
    >>> text += b'</Document>'
    >>> from weilend.sources.tokens import Tokens
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1", tokens=Tokens(bytes(16)))
    >>> line = read_camt(text, intake).records["bank_entry"].to_pylist()[0]
    >>> line["direction"], line["amount_fen"], line["happened_on"]
    ('out', 150, datetime.date(2020, 1, 2))
    """
    intake.business(file)
    root = parse_xml(content, file)
    nodes = [node for message in root if message.tag.startswith("BkToCstmr") for node in message if node.tag in STATEMENTS]
    if not nodes:
        raise SourceError(
            f"{file} holds no bank statement, report or notification", hint="ask the bank for CAMT.052, .053 or .054"
        )
    tray = Tray("camt", intake, file, content)
    tell_statements(tray, [_statement(node, intake.calendar) for node in nodes])
    if tray.is_empty():
        raise SourceError(f"{file} holds neither entries nor balances", hint="ask the bank for the whole statement")
    return tray.batch()


def write_camt053(records: Mapping[str, pa.Table], *, calendar: Calendar, currency: str = "CNY") -> bytes:
    """Return statement balances with their bank lines as CAMT.053.001.08.

    >>> records = {"bank_entry": pa.table({"account_id": ["1"], "direction": ["in"], "amount_fen": [5], "line_no": [1],
    ...     "happened_on": [date(2020, 1, 1)], "happened_at": [0]})}
    >>> b'<Amt Ccy="CNY">0.05</Amt>' in write_camt053(records, calendar=Calendar())
    True
    """
    root = Element("Document", xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08")
    message = SubElement(root, "BkToCstmrStmt")
    _put(SubElement(message, "GrpHdr"), "MsgId", "1")
    for number, statement in enumerate(statements_of(records, calendar=calendar, currency=currency), start=1):
        _write_statement(SubElement(message, "Stmt"), statement, number)
    return DECLARATION + bytes(tostring(root, encoding="utf-8"))


def _statement(node: Element, calendar: Calendar) -> Statement:
    balances = {code: found for found in node.findall("Bal") if (code := told(found, "Tp/CdOrPrtry/Cd", "Tp/Cd"))}
    account = node.find("Acct")
    currency = money(told(node, "Acct/Ccy")) or _currency_of(balances)
    read = partial(_entry, currency=currency, calendar=calendar)
    lines = tuple((plain(entry), attempt(read, entry)) for entry in node.findall("Ntry"))
    sums = node.find("TxsSummry")
    opening, closing = (_best(balances, codes) for codes in (_OPENING, _CLOSING))
    return Statement(
        account=told(account, *_ACCOUNTS) if account is not None else None,
        currency=currency or next((money(found.get("Ccy")) for found in node.findall("Ntry/Amt")), None),
        lines=lines,
        institution=told(node, "Acct/Svcr/FinInstnId/BICFI", "Acct/Svcr/FinInstnId/BIC", "Acct/Svcr/FinInstnId/CmbndId/BIC"),
        period=_period(node, balances, [line.booked_on for _, line in lines if isinstance(line, Entry)]),
        opening_fen=_signed(opening, currency),
        closing_fen=_signed(closing, currency),
        available_fen=_signed(_best(balances, _AVAILABLE), currency),
        in_total_fen=_total(sums, "TtlCdtNtries/Sum"),
        out_total_fen=_total(sums, "TtlDbtNtries/Sum"),
        lines_count=_count(sums),
    )


def _best(balances: Mapping[str, Element], codes: tuple[str, ...]) -> Element | None:
    return next((balances[code] for code in codes if code in balances), None)


def _currency_of(balances: Mapping[str, Element]) -> str | None:
    codes = [money(found.get("Ccy")) for balance in balances.values() for found in balance.findall("Amt")]
    return next((code for code in codes if code), None)


def _signed(balance: Element | None, currency: str | None) -> int | None:
    """Return a balance, below zero where overdrawn; one in another currency than the account's is none of ours."""
    found = balance.find("Amt") if balance is not None else None
    if balance is None or found is None or money(found.get("Ccy")) not in (None, currency):
        return None
    try:
        fen = amount(told(balance, "Amt"), "Bal")
    except Fault:
        return None
    return -fen if fen is not None and told(balance, "CdtDbtInd") == "DBIT" else fen


def _total(sums: Element | None, path: str) -> int | None:
    try:
        return amount(told(sums, path), path) if sums is not None else None
    except Fault:
        return None


def _count(sums: Element | None) -> int | None:
    try:
        return whole(told(sums, "TtlNtries/NbOfNtries"), "NbOfNtries") if sums is not None else None
    except Fault:
        return None


def _period(node: Element, balances: Mapping[str, Element], booked: list[date]) -> tuple[date, date] | None:
    """Return first and last day: as told, else those of the balances, else those of the entries."""
    span = node.find("FrToDt")
    edges = [_told_day(span, "FrDtTm", "FrDt"), _told_day(span, "ToDtTm", "ToDt")]
    if None in edges:
        edges = [_told_day(balances.get(code), "Dt/Dt", "Dt/DtTm") for code in (*_OPENING, *_CLOSING)]
    known = [edge for edge in (*edges, *booked) if edge is not None]
    return (min(known), max(known)) if known else None


def _told_day(node: Element | None, *paths: str) -> date | None:
    try:
        return day(told(node, *paths), "") if node is not None else None
    except Fault:
        return None


def _entry(node: Element, currency: str | None, calendar: Calendar) -> Entry:
    status = told(node, "Sts/Cd", "Sts")
    if status != "BOOK":
        raise Fault("not_booked" if status else "missing", "Sts")
    found = node.find("Amt")
    code = money(found.get("Ccy")) if found is not None else None
    if currency and code and code != currency:
        raise Fault("foreign_currency", code)
    direction = _DIRECTIONS.get(told(node, "CdtDbtInd") or "")
    if direction is None:
        raise Fault("unknown_word", "CdtDbtInd")
    booked_on, booked_at = _booked(node, calendar)
    fen = needed(amount(told(node, "Amt"), "Amt"), "Amt")
    if fen < 0:
        raise Fault("out_of_range", "Amt")
    party, party_account = _party(node, direction)
    return Entry(
        amount_fen=fen,
        direction=direction,
        booked_on=booked_on,
        booked_at=booked_at,
        value_on=day(told(node, "ValDt/Dt", "ValDt/DtTm"), "ValDt"),
        nature="reversal" if told(node, "RvslInd") in ("true", "1") else _nature(node),
        party=party,
        party_account=party_account,
        text=" ".join((found.text or "").strip() for found in node.findall("NtryDtls/TxDtls/RmtInf/Ustrd")) or None,
    )


def _booked(node: Element, calendar: Calendar) -> tuple[date, int | None]:
    """Return the booking day, or else the value day; and the instant where the booking has a time of day."""
    text = told(node, "BookgDt/DtTm", "BookgDt/Dt", "ValDt/Dt", "ValDt/DtTm")
    booked_on = needed(day(text, "BookgDt"), "BookgDt")
    at = moment(told(node, "BookgDt/DtTm"), "BookgDt", calendar)
    return (booked_on if at is None else calendar.day_of(at)), at


def _party(node: Element, direction: Direction) -> tuple[str | None, str | None]:
    """Return name and account of the other side: who paid what came in, who got what went out; none for a batch of several."""
    details = node.findall("NtryDtls/TxDtls")
    if len(details) != 1:
        return None, None
    side = "Dbtr" if direction == "in" else "Cdtr"
    parties = details[0].find("RltdPties")
    if parties is None:
        return None, None
    account = parties.find(f"{side}Acct")
    name = told(parties, f"{side}/Pty/Nm", f"{side}/Nm", f"Ultmt{side}/Pty/Nm", f"Ultmt{side}/Nm")
    return name, told(account, *_ACCOUNTS) if account is not None else None


def _nature(node: Element) -> str:
    paths = ("Domn/Fmly/SubFmlyCd", "Domn/Fmly/Cd", "Domn/Cd")
    roots = ("BkTxCd", "NtryDtls/TxDtls/BkTxCd")
    codes = [told(node, f"{root}/{path}") for path in paths for root in roots]
    return next((NATURES[code] for code in codes if code in NATURES), "unknown")


def _write_statement(node: Element, statement: Statement, number: int) -> None:
    currency = statement.currency or "CNY"
    first, last = statement.period or (date.min, date.min)
    _put(node, "Id", str(number))
    span = SubElement(node, "FrToDt")
    _put(span, "FrDtTm", f"{first:%Y-%m-%d}T00:00:00")
    _put(span, "ToDtTm", f"{last:%Y-%m-%d}T23:59:59")
    account = SubElement(node, "Acct")
    _put(SubElement(SubElement(account, "Id"), "Othr"), "Id", statement.account or "")
    _put(account, "Ccy", currency)
    if statement.institution:
        _put(SubElement(SubElement(account, "Svcr"), "FinInstnId"), "BICFI", statement.institution)
    told_balances = (("OPBD", statement.opening_fen), ("CLBD", statement.closing_fen), ("CLAV", statement.available_fen))
    for code, fen in told_balances:
        if fen is not None:
            _write_balance(SubElement(node, "Bal"), code, fen, first if code == "OPBD" else last, currency)
    _write_sums(node, statement)
    for _, line in statement.lines:
        if isinstance(line, Entry):
            _write_entry(SubElement(node, "Ntry"), line, currency)


def _write_balance(node: Element, code: str, fen: int, on: date, currency: str) -> None:
    _put(SubElement(SubElement(node, "Tp"), "CdOrPrtry"), "Cd", code)
    _put(node, "Amt", yuan(abs(fen)), Ccy=currency)
    _put(node, "CdtDbtInd", "DBIT" if fen < 0 else "CRDT")
    _put(SubElement(node, "Dt"), "Dt", on.isoformat())


def _write_sums(node: Element, statement: Statement) -> None:
    if statement.in_total_fen is None and statement.out_total_fen is None and statement.lines_count is None:
        return
    sums = SubElement(node, "TxsSummry")
    if statement.lines_count is not None:
        _put(SubElement(sums, "TtlNtries"), "NbOfNtries", str(statement.lines_count))
    for tag, fen in (("TtlCdtNtries", statement.in_total_fen), ("TtlDbtNtries", statement.out_total_fen)):
        if fen is not None:
            _put(SubElement(sums, tag), "Sum", yuan(fen))


def _write_entry(node: Element, line: Entry, currency: str) -> None:
    _put(node, "Amt", yuan(line.amount_fen), Ccy=currency)
    _put(node, "CdtDbtInd", "CRDT" if line.direction == "in" else "DBIT")
    if line.nature == "reversal":
        _put(node, "RvslInd", "true")
    _put(SubElement(node, "Sts"), "Cd", "BOOK")
    booked = SubElement(node, "BookgDt")
    if line.booked_at is None:
        _put(booked, "Dt", line.booked_on.isoformat())
    else:
        _put(booked, "DtTm", f"{datetime.fromtimestamp(line.booked_at, UTC):%Y-%m-%dT%H:%M:%S}+00:00")
    if line.value_on:
        _put(SubElement(node, "ValDt"), "Dt", line.value_on.isoformat())
    _write_code(SubElement(node, "BkTxCd"), line.nature)
    if line.party or line.text:
        details = SubElement(SubElement(node, "NtryDtls"), "TxDtls")
        if line.party:
            side = SubElement(SubElement(details, "RltdPties"), "Dbtr" if line.direction == "in" else "Cdtr")
            _put(SubElement(side, "Pty"), "Nm", safe(line.party))
        if line.text:
            _put(SubElement(details, "RmtInf"), "Ustrd", safe(line.text))


def _write_code(node: Element, nature: str) -> None:
    if nature not in _CODES_OUT:
        return
    domain, family, subfamily = _CODES_OUT[nature]
    top = SubElement(node, "Domn")
    _put(top, "Cd", domain)
    below = SubElement(top, "Fmly")
    _put(below, "Cd", family)
    _put(below, "SubFmlyCd", subfamily)


def _put(node: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(node, tag, attributes).text = text


def _is_camt(head: bytes, _name: str) -> bool:
    return starts_as_xml(head) and re.search(rb"<(?:\w+:)?BkToCstmr(?:Acct|Stmt|DbtCdt)", head) is not None


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_camt(path.read_bytes(), intake, file=path.name)


CAMT: Final = register_source(
    Source(name="camt", en="CAMT bank statement", zh="CAMT银行对账单", signature=_is_camt, read=_read_file)
)
