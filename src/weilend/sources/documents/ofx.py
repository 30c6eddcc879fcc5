"""In: an OFX file, version 1 (SGML) or 2 (XML). Out: bank lines, balances, facts; and back as version 2. Used: through
`SOURCES`.

Source: OFX specifications 1.6 and 2.2 (amounts with point or comma, dates with an offset in brackets, GMT where none is
given).
"""

from __future__ import annotations

import html
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
from weilend.sources.documents.entries import Entry
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.scalars import comma_amount, day, moment, needed
from weilend.sources.documents.statements import Statement, attempt, money, tell_statements
from weilend.sources.documents.statements_out import safe, statements_of, yuan
from weilend.sources.documents.tray import Tray
from weilend.sources.documents.tree import MAX_DEPTH, MAX_ELEMENTS, parse_xml, plain, told
from weilend.sources.files.limits import check_size
from weilend.sources.intake import Intake

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9._-]*)>([^<]*)")
_DATE = re.compile(r"(\d{8})(\d{6})?(?:\.\d+)?(?:\[([+-]?\d{1,2})(?:\.(\d+))?(?::[^\]]*)?\])?")
#: Banks write these where they know no time of day.
_NO_TIME = frozenset({None, "000000", "120000"})

#: What a type of line says of its nature; the types that are left out say only which way the money went.
NATURES: Final = {"INT": "interest", "DIV": "investment", "FEE": "fee", "SRVCHG": "fee", "ATM": "cash", "CASH": "cash",
                  "XFER": "transfer"}  # fmt: skip
CHANNELS: Final = {"ATM": "cash_machine", "POS": "terminal"}
_TYPES_OUT: Final = {"interest": "INT", "investment": "DIV", "fee": "FEE", "cash": "CASH", "transfer": "XFER"}


def read_ofx(content: bytes, intake: Intake, *, file: str = "statement.ofx") -> Batch:
    """Return the lines, balances and facts of every bank and card statement of an OFX file.

    Raises `SourceError` for a file that is no OFX or holds no such statement.

    >>> text = b"OFXHEADER:100\\n<OFX><STMTRS><CURDEF>CNY<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST><STMTTRN><TRNTYPE>FEE"
    >>> text += b"<DTPOSTED>20200102<TRNAMT>-1,50<FITID>7</STMTTRN></BANKTRANLIST></STMTRS></OFX>"
    >>> from weilend.sources.tokens import Tokens
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1", tokens=Tokens(bytes(16)))
    >>> line = read_ofx(text, intake).records["bank_entry"].to_pylist()[0]
    >>> line["direction"], line["amount_fen"], line["nature"], line["happened_on"]
    ('out', 150, 'fee', datetime.date(2020, 1, 2))
    """
    intake.business(file)
    root = _root(check_size(content, file), file)
    statements = [*root.iter("STMTRS"), *root.iter("CCSTMTRS")]
    if not statements:
        raise SourceError(f"{file} holds no statement of an account: {_instead(root)}", hint="ask the bank for a statement")
    tray = Tray("ofx", intake, file, content)
    tell_statements(tray, [_statement(node, intake) for node in statements])
    return tray.batch()


def write_ofx(records: Mapping[str, pa.Table], *, calendar: Calendar, currency: str = "CNY") -> bytes:
    """Return bank lines and statement balances as an OFX 2 file; of a balance it tells period, closing and available.

    >>> records = {"bank_entry": pa.table({"account_id": ["1"], "direction": ["in"], "amount_fen": [5], "line_no": [1],
    ...     "happened_on": [date(2020, 1, 1)], "happened_at": [0]})}
    >>> b"<TRNAMT>0.05</TRNAMT>" in write_ofx(records, calendar=Calendar())
    True
    """
    root = Element("OFX")
    messages = SubElement(root, "BANKMSGSRSV1")
    for number, statement in enumerate(statements_of(records, calendar=calendar, currency=currency), start=1):
        response = SubElement(messages, "STMTTRNRS")
        _put(response, "TRNUID", str(number))
        _write_statement(SubElement(response, "STMTRS"), statement)
    head = '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE"'
    return f'{head} OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'.encode() + bytes(tostring(root, encoding="utf-8"))


def _root(content: bytes, file: str) -> Element:
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml"):
        return parse_xml(content.lstrip(b"\xef\xbb\xbf \r\n\t"), file)
    text = _decoded(content)
    start = re.search(r"<OFX>", text, re.IGNORECASE)
    if start is None:
        raise SourceError(f"{file} is no OFX file: it has no <OFX>", hint="export it again as OFX")
    return _from_sgml(text[start.start() :], file)


def _from_sgml(text: str, file: str) -> Element:
    """Return the tree of SGML in which values have no closing tag: a tag that is never closed holds a value or nothing."""
    tags = _TAG.findall(text)
    closed = {name.upper() for slash, name, _ in tags if slash}
    root = Element("")
    trail = [root]
    if len(tags) > MAX_ELEMENTS:
        raise SourceError(f"{file} has too many elements", hint=f"a paper has at most {MAX_ELEMENTS}: export fewer days")
    for slash, tag, value in tags:
        name, held = tag.upper(), html.unescape(value).strip()
        if slash:
            open_names = [element.tag for element in trail]
            if name in open_names[1:]:
                del trail[len(trail) - open_names[::-1].index(name) - 1 :]
            continue
        element = SubElement(trail[-1], name)
        element.text = held
        if not held and name in closed:
            trail.append(element)
        if len(trail) > MAX_DEPTH:
            raise SourceError(f"{file} has too deep elements", hint=f"a paper is at most {MAX_DEPTH} deep")
    return root


def _decoded(content: bytes) -> str:
    """Return text in UTF-8, else in the code page of the header, else in GB18030, else byte by byte."""
    charset = re.search(rb"CHARSET:\s*([0-9]{3,5})", content[:1024])
    for encoding in ("utf-8", f"cp{charset[1].decode()}" if charset else "gb18030", "gb18030"):
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("latin-1")


def _instead(root: Element) -> str:
    if next(root.iter("INVSTMTRS"), None) is not None:
        return "it is of a securities account"
    codes = [told(status, "MESSAGE") or told(status, "CODE") for status in root.iter("STATUS") if told(status, "CODE") != "0"]
    return f"the bank answered {codes[0]!r}" if codes else "it tells only about the bank"


def _statement(node: Element, intake: Intake) -> Statement:
    currency = money(told(node, "CURDEF"))
    account = told(node, "BANKACCTFROM/ACCTID", "CCACCTFROM/ACCTID")
    read = partial(_entry, intake=intake)
    lines = tuple((plain(line), attempt(read, line)) for line in node.iter("STMTTRN"))
    period = _period(node)
    days = [line.booked_on for _, line in lines if isinstance(line, Entry)]
    closing_on = _day_or_none(told(node, "LEDGERBAL/DTASOF"))
    return Statement(
        account=account,
        currency=currency,
        lines=lines,
        institution=told(node, "BANKACCTFROM/BANKID"),
        period=period,
        ends_with_closing=bool(period and closing_on and max([period[0], *days]) <= closing_on <= period[1]),
        closing_fen=_balance(node, "LEDGERBAL"),
        available_fen=_balance(node, "AVAILBAL"),
    )


def _period(node: Element) -> tuple[date, date] | None:
    days = [_day_or_none(told(node, f"BANKTRANLIST/{tag}", tag)) for tag in ("DTSTART", "DTEND")]  # some forget the list's end
    first, last = days
    return (min(first, last), max(first, last)) if first and last else None


def _day_or_none(text: str | None) -> date | None:
    try:
        return day(text, "")
    except Fault:
        return None


def _balance(node: Element, tag: str) -> int | None:
    try:
        return comma_amount(told(node, f"{tag}/BALAMT"), tag)
    except Fault:
        return None


def _entry(node: Element, intake: Intake) -> Entry:
    if (other := money(told(node, "CURRENCY/CURSYM"))) and other != money(intake.currency):
        raise Fault("foreign_currency", other)
    signed = needed(comma_amount(told(node, "TRNAMT"), "TRNAMT"), "TRNAMT")
    booked_on, booked_at = _posted(told(node, "DTPOSTED"), intake.calendar)
    kind = (told(node, "TRNTYPE") or "").upper()
    names = ("NAME", "PAYEE/NAME", "EXTDNAME")
    return Entry(
        amount_fen=abs(signed),
        direction="out" if signed < 0 else "in",
        booked_on=booked_on,
        booked_at=booked_at,
        value_on=day(told(node, "DTAVAIL"), "DTAVAIL"),
        nature=NATURES.get(kind, "unknown"),
        channel=CHANNELS.get(kind),
        party=told(node, *names),
        party_account=told(node, "BANKACCTTO/ACCTID", "CCACCTTO/ACCTID"),
        text=told(node, "MEMO"),
    )


def _posted(text: str | None, calendar: Calendar) -> tuple[date, int | None]:
    """Return the day, and the instant where a time of day is told that is not the bank's stand-in."""
    found = _DATE.fullmatch(needed(text, "DTPOSTED").strip())
    if found is None:
        raise Fault("not_a_day", "DTPOSTED")
    posted_on = needed(day(found[1], "DTPOSTED"), "DTPOSTED")
    if found[2] in _NO_TIME:
        return posted_on, None
    minutes = 60 * abs(int(found[3] or 0)) + (int(f"0.{found[4]}" == "0.5") * 30 if found[4] else 0)
    sign = "-" if (found[3] or "").startswith("-") else "+"
    at = moment(f"{found[1]}T{found[2]}{sign}{minutes // 60:02d}{minutes % 60:02d}", "DTPOSTED", calendar)
    return (posted_on if at is None else calendar.day_of(at)), at


def _write_statement(node: Element, statement: Statement) -> None:
    _put(node, "CURDEF", statement.currency or "CNY")
    account = SubElement(node, "BANKACCTFROM")
    _put(account, "BANKID", statement.institution or "0")
    _put(account, "ACCTID", statement.account or "")
    _put(account, "ACCTTYPE", "CHECKING")
    lines = SubElement(node, "BANKTRANLIST")
    first, last = statement.period or (date.min, date.min)
    _put(lines, "DTSTART", f"{first:%Y%m%d}")
    _put(lines, "DTEND", f"{last:%Y%m%d}")
    for number, (_, line) in enumerate(statement.lines, start=1):
        if isinstance(line, Entry):
            _write_entry(SubElement(lines, "STMTTRN"), line, number)
    for tag, fen in (("LEDGERBAL", statement.closing_fen), ("AVAILBAL", statement.available_fen)):
        if fen is not None:
            balance = SubElement(node, tag)
            _put(balance, "BALAMT", yuan(fen))
            _put(balance, "DTASOF", f"{last:%Y%m%d}")


def _write_entry(node: Element, line: Entry, number: int) -> None:
    channel = next((name for name, word in CHANNELS.items() if word == line.channel), None)
    plain_type = "CREDIT" if line.direction == "in" else "DEBIT"
    cash_machine = "ATM" if line.channel == "cash_machine" and line.nature == "cash" else None
    _put(node, "TRNTYPE", cash_machine or _TYPES_OUT.get(line.nature) or (channel if channel == "POS" else None) or plain_type)
    _put(node, "DTPOSTED", _stamp(line))
    if line.value_on:
        _put(node, "DTAVAIL", f"{line.value_on:%Y%m%d}")
    _put(node, "TRNAMT", yuan(line.signed_fen))
    _put(node, "FITID", f"{line.booked_on:%Y%m%d}{number:06d}")
    for tag, text in (("NAME", line.party), ("MEMO", line.text)):
        if text:
            _put(node, tag, safe(text))


def _stamp(line: Entry) -> str:
    """Return the day, or the instant in an offset in which it does not look like the stand-in for no time."""
    if line.booked_at is None:
        return f"{line.booked_on:%Y%m%d}"
    offsets = (0, 1)
    texts = [f"{datetime.fromtimestamp(line.booked_at + 3600 * hours, UTC):%Y%m%d%H%M%S}" for hours in offsets]
    hours = next(hours for hours, text in zip(offsets, texts, strict=True) if text[8:] not in _NO_TIME)
    return f"{texts[hours]}[+{hours}:GMT]"


def _put(node: Element, tag: str, text: str) -> None:
    SubElement(node, tag).text = text


def _is_ofx(head: bytes, _name: str) -> bool:
    return b"<OFX>" in head.upper() and not _is_web_page(head)


def _is_web_page(head: bytes) -> bool:
    return b"<HTML" in head.upper()


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_ofx(path.read_bytes(), intake, file=path.name)


#: Natures of a bank line that OFX can say; others become unknown when written.
OFX_NATURES: Final = frozenset({*_TYPES_OUT, "unknown"})

OFX: Final = register_source(
    Source(name="ofx", en="OFX bank statement", zh="OFX银行对账单", signature=_is_ofx, read=_read_file)
)
