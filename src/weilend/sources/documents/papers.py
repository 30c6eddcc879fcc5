"""In: invoices in clear, as XML, OFD and PDF tell them. Out: their records and facts. Used: by the readers of those formats.

Whether an invoice is a sale or a purchase follows from the business's own tax number (or name): it is on one of the two
sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Literal, TypeVar

import msgspec

from weilend.core.errors import SourceError
from weilend.sources.documents.facts import tell_fact
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.tray import KEYS, Draft, Tray, Value
from weilend.sources.identifiers import is_taxpayer_number

N = TypeVar("N")


class Party(msgspec.Struct, frozen=True):
    """A side of an invoice: its tax and registration numbers, best first, and its name.

    >>> Party(("DE 123",), "A GmbH").known_as(("de123",), ())
    True
    """

    ids: tuple[str, ...] = ()
    name: str | None = None

    def known_as(self, ids: Iterable[str], names: Iterable[str]) -> bool:
        """Return whether one of some numbers or names is this party's; spaces and small letters do not count."""
        mine = {_bare(one) for one in self.ids}
        return not mine.isdisjoint(map(_bare, ids)) or bool(self.name and self.name in names)


class PaperLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an invoice in clear, amounts in fen; None is what the paper does not tell.

    >>> PaperLine(net_fen=100).tax_fen is None
    True
    """

    net_fen: int
    tax_fen: int | None = None
    tax_rate_ppm: int | None = None
    goods_code: str | None = None
    units_milli: int | None = None


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice in clear, amounts in fen, below zero on a red letter.

    `listed_fen` is the sum of its lines as it says, where allowances and charges stand between that and `net_fen`. `lines` are (the
    line as it stood, the line or what is wrong with it).

    >>> Paper(number="1", issued_on=date(2020, 1, 1), seller=Party(), buyer=Party(), net_fen=100, tax_fen=6, gross_fen=106).status
    'valid'
    """

    number: str
    issued_on: date
    seller: Party
    buyer: Party
    net_fen: int | None
    tax_fen: int | None
    gross_fen: int | None
    issued_at: int | None = None
    currency: str | None = None
    form: str | None = None
    status: Literal["valid", "void"] = "valid"
    drawer: str | None = None
    terminal: str | None = None
    red_of: str | None = None
    listed_fen: int | None = None
    allowances_fen: int = 0
    charges_fen: int = 0
    lines: tuple[tuple[object, PaperLine | Fault], ...] = ()


def attempt_line(read: Callable[[N], PaperLine], node: N) -> PaperLine | Fault:
    """Return a line, or the fault that keeps it from being one.

    >>> def read(node): raise Fault("missing", "Amount")
    >>> attempt_line(read, None).code
    'missing'
    """
    try:
        return read(node)
    except Fault as fault:
        return fault


def tell_paper(tray: Tray, read: Callable[[], Paper], original: object, lines: Iterable[object] = ()) -> Paper | None:
    """Put one invoice, its lines and the fact whether it adds up on a tray, and return it; None where it was refused.

    `read` raises `Fault` where the invoice cannot be read; then its `lines`, as they stood, go into quarantine with it.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources.intake import Intake
    >>> from weilend.sources.tokens import Tokens
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1", tax_id="9A", tokens=Tokens(bytes(16)))
    >>> tray = Tray("example", intake, "a.xml", b"")
    >>> paper = Paper(number="1", issued_on=date(2020, 1, 1), seller=Party(("9A",)), buyer=Party(), net_fen=100, tax_fen=6,
    ...     gross_fen=106, lines=(({}, PaperLine(net_fen=100)),))
    >>> tell_paper(tray, lambda: paper, {}) is paper
    False
    >>> batch = tray.batch()
    >>> batch.records["invoice"]["direction"].to_pylist(), batch.records["reconciliation"]["holds"].to_pylist()
    (['sale'], [True])
    """
    try:
        paper = complete(read())
        direction = _direction(tray, paper)
    except Fault as fault:
        tray.row(original, _refuser(fault))
        _refuse_lines(tray, lines)
        return None
    if not tray.row(original, lambda: [_invoice(tray, paper, direction)]):
        _refuse_lines(tray, [row for row, _ in paper.lines])
        return None
    for number, (row, line) in enumerate(paper.lines, start=1):
        tray.row(row, _line_reader(tray, paper, direction, number, line))
    _tell_sums(tray, paper)
    return paper


def _refuse_lines(tray: Tray, lines: Iterable[object]) -> None:
    """Put the lines of an invoice that was refused into quarantine."""
    for line in lines:
        tray.row(line, _refuser(Fault("paper_refused")))


def complete(paper: Paper) -> Paper:
    """Return an invoice with the one total that it does not tell: gross is net plus tax.

    Raises `Fault` where two are missing.

    >>> paper = Paper(number="1", issued_on=date(2020, 1, 1), seller=Party(), buyer=Party(), net_fen=5, tax_fen=None, gross_fen=5)
    >>> complete(paper).tax_fen
    0
    """
    net, tax, gross = paper.net_fen, paper.tax_fen, paper.gross_fen
    if [net, tax, gross].count(None) > 1:
        raise Fault("missing", "the total")
    if net is None and gross is not None and tax is not None:
        net = gross - tax
    if tax is None and gross is not None and net is not None:
        tax = gross - net
    if gross is None and net is not None and tax is not None:
        gross = net + tax
    return msgspec.structs.replace(paper, net_fen=net, tax_fen=tax, gross_fen=gross)


def invoice_number(code: str | None, number: str) -> str:
    """Return the number of a Chinese invoice: the 20 digits of a digital one, else its code and number.

    >>> invoice_number("031001900511", "04875996"), invoice_number(None, "25312000000012345678")
    ('031001900511-04875996', '25312000000012345678')
    """
    return f"{code}-{number}" if code else number


def tell_digits(tray: Tray, paper: Paper) -> None:
    """State how many of the taxpayers' numbers on a Chinese invoice do not hold their check digits.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources.intake import Intake
    >>> tray = Tray("ofd", Intake(calendar=Calendar(), consent_id="c", business_id="B1"), "a.ofd", b"")
    >>> fen = {"net_fen": 5, "tax_fen": 0, "gross_fen": 5}
    >>> paper = Paper(number="1", issued_on=date(2020, 1, 1), seller=Party(("9A",)), buyer=Party(), **fen)
    >>> tell_digits(tray, paper)
    >>> tray.batch().records["reconciliation"]["failed_count"].to_pylist()
    [1]
    """
    held = [is_taxpayer_number(number.upper()) for party in (paper.seller, paper.buyer) for number in party.ids]
    if held:
        tell_fact(tray, "check_digits", paper.issued_on, checked_count=len(held), failed_count=held.count(False))


def check_told(tray: Tray, what: str) -> None:
    """Raise `SourceError` where a file held no invoice at all.

    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources.intake import Intake
    >>> check_told(Tray("ubl", Intake(calendar=Calendar(), consent_id="c"), "a.xml", b""), "UBL invoice")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.xml holds no UBL invoice. Hint: ask the sender for the invoice itself
    """
    if tray.is_empty():
        raise SourceError(f"{tray.file} holds no {what}", hint="ask the sender for the invoice itself")


def _direction(tray: Tray, paper: Paper) -> Literal["sale", "purchase"]:
    intake = tray.intake
    ids, names = ([intake.tax_id] if intake.tax_id else []), intake.names
    sides: tuple[tuple[Literal["sale", "purchase"], Party], ...] = (("sale", paper.seller), ("purchase", paper.buyer))
    for direction, party in sides:
        tokens = [intake.hide(tray.file).of("business", one.upper()) for one in party.ids]
        if party.known_as(ids, names) or intake.business_id in tokens:
            return direction
    raise Fault("not_ours")


def _invoice(tray: Tray, paper: Paper, direction: str) -> Draft:
    _check_currency(tray, paper)
    fields: dict[str, Value] = {
        **_subjects(tray, paper, direction),
        "net_fen": paper.net_fen,
        "tax_fen": paper.tax_fen,
        "gross_fen": paper.gross_fen,
    }
    return _draft(tray, "invoice", paper, fields)


def _check_currency(tray: Tray, paper: Paper) -> None:
    if paper.currency and paper.currency != tray.intake.currency:
        raise Fault("foreign_currency", paper.currency)


def _line_reader(tray: Tray, paper: Paper, direction: str, number: int, line: PaperLine | Fault) -> Callable[[], list[Draft]]:
    def read() -> list[Draft]:
        if isinstance(line, Fault):
            raise line
        fields: dict[str, Value] = {
            **_subjects(tray, paper, direction),
            "line_no": number,
            "net_fen": line.net_fen,
            "tax_fen": line.tax_fen,
            "tax_rate_ppm": line.tax_rate_ppm,
            "goods_code": line.goods_code,
            "units_milli": line.units_milli,
            "form": paper.form,
            "drawer_id": tray.hide("person", paper.drawer),
            "terminal_id": tray.hide("device", paper.terminal),
            "red_of": paper.red_of,
            "has_time": paper.issued_at is not None,
        }
        return [_draft(tray, "invoice_line", paper, fields)]

    return read


def _subjects(tray: Tray, paper: Paper, direction: str) -> dict[str, Value]:
    other = paper.buyer if direction == "sale" else paper.seller
    party = tray.hide("business", other.ids[0].upper()) if other.ids else tray.hide("party", other.name)
    return {
        "business_id": tray.intake.business_id,
        "counterparty_id": party,
        "direction": direction,
        "number": paper.number,
        "status": paper.status,
    }


def _draft(tray: Tray, kind: str, paper: Paper, fields: dict[str, Value]) -> Draft:
    happened_on = tray.intake.calendar.day_of(paper.issued_at) if paper.issued_at is not None else paper.issued_on
    happened_at = paper.issued_at if paper.issued_at is not None else tray.end_of(paper.issued_on)
    known_at = tray.end_of(happened_on)
    key = (*KEYS[kind], "business_id") if paper.form == "foreign" else ()  # abroad each seller has numbers of its own
    return Draft(kind=kind, fields=fields, happened_at=happened_at, happened_on=happened_on, known_at=known_at, key=key)


def _tell_sums(tray: Tray, paper: Paper) -> None:
    pairs = list(_pairs(paper))
    failed = [(expected, found) for expected, found in pairs if expected != found]
    expected, found = failed[0] if failed else pairs[0]
    tell_fact(
        tray, "invoice_sums", paper.issued_on, expected_fen=expected, found_fen=found, checked_count=len(pairs),
        failed_count=len(failed), period=(paper.issued_on, paper.issued_on),
    )  # fmt: skip


def _pairs(paper: Paper) -> Iterator[tuple[int, int]]:
    """Yield (as the invoice says, as it follows): gross from net and tax, net from its lines, tax from its lines."""
    net, tax, gross = paper.net_fen or 0, paper.tax_fen or 0, paper.gross_fen or 0
    yield gross, net + tax
    listed = net - paper.charges_fen + paper.allowances_fen
    if paper.listed_fen is not None:
        yield listed, paper.listed_fen
    lines = [line for _, line in paper.lines if isinstance(line, PaperLine)]
    if not lines or len(lines) < len(paper.lines):
        return
    yield listed if paper.listed_fen is None else paper.listed_fen, sum(line.net_fen for line in lines)
    taxes = [line.tax_fen for line in lines if line.tax_fen is not None]
    if len(taxes) == len(lines):
        yield tax, sum(taxes)


def _refuser(fault: Fault) -> Callable[[], list[Draft]]:
    def refuse() -> list[Draft]:
        raise fault

    return refuse


def _bare(text: str) -> str:
    return "".join(sign for sign in text.upper() if sign.isalnum())
