"""In: a Cross Industry Invoice (CII, Factur-X, ZUGFeRD 1 and 2 as XML). Out: its records and facts. Used: through `SOURCES`.

Source: EN 16931-1 (business terms BT-…), its CII D16B binding; ZUGFeRD 1.0, whose elements have other names for the same
things.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from weilend.core.errors import SourceError
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.papers import Paper, PaperLine, Party, attempt_line, tell_paper
from weilend.sources.documents.scalars import amount, milli, needed, needed_day, rate
from weilend.sources.documents.statements import money
from weilend.sources.documents.tray import Tray
from weilend.sources.documents.tree import parse_xml, plain, starts_as_xml, told
from weilend.sources.documents.ubl import CREDIT_NOTES
from weilend.sources.intake import Intake


class _Names(msgspec.Struct, frozen=True):
    """What a version of the format calls its parts."""

    document: str
    transaction: str
    agreement: str
    settlement: str
    sums: str
    line_settlement: str
    line_sums: str
    line_delivery: str
    percent: str


_VERSIONS: Final = {
    "CrossIndustryInvoice": _Names(
        "ExchangedDocument", "SupplyChainTradeTransaction", "ApplicableHeaderTradeAgreement", "ApplicableHeaderTradeSettlement",
        "SpecifiedTradeSettlementHeaderMonetarySummation", "SpecifiedLineTradeSettlement",
        "SpecifiedTradeSettlementLineMonetarySummation", "SpecifiedLineTradeDelivery", "RateApplicablePercent",
    ),
    "CrossIndustryDocument": _Names(
        "HeaderExchangedDocument", "SpecifiedSupplyChainTradeTransaction", "ApplicableSupplyChainTradeAgreement",
        "ApplicableSupplyChainTradeSettlement", "SpecifiedTradeSettlementMonetarySummation",
        "SpecifiedSupplyChainTradeSettlement", "SpecifiedTradeSettlementMonetarySummation",
        "SpecifiedSupplyChainTradeDelivery", "ApplicablePercent",
    ),
}  # fmt: skip
_LINE: Final = "IncludedSupplyChainTradeLineItem"
_IDS: Final = ("SpecifiedTaxRegistration/ID", "SpecifiedLegalOrganization/ID", "GlobalID", "ID")  # BT-31/32, 30, 29


def read_cii(content: bytes, intake: Intake, *, file: str = "invoice.xml", source: str = "cii") -> Batch:
    """Return the invoice of a CII file, its lines, and whether it adds up; raises `SourceError` for another document.

    >>> from weilend.core.calendars import Calendar
    >>> read_cii(b"<Invoice/>", Intake(calendar=Calendar(), consent_id="own-data", business_id="B1"))
    Traceback (most recent call last):
    weilend.core.errors.SourceError: invoice.xml holds no Cross Industry Invoice. Hint: ask the sender for the invoice itself
    """
    intake.business(file)
    root = parse_xml(content, file)
    names = _VERSIONS.get(root.tag)
    transaction = root.find(names.transaction) if names else None
    if names is None or transaction is None:
        raise SourceError(f"{file} holds no Cross Industry Invoice", hint="ask the sender for the invoice itself")
    tray = Tray(source, intake, file, content)
    lines = transaction.findall(_LINE)
    header = Element(root.tag)
    header.extend(child for child in (*root.findall(names.document), *transaction) if child.tag != _LINE)
    tell_paper(tray, lambda: _paper(root, transaction, names), plain(header), [plain(line) for line in lines])
    return tray.batch()


def _paper(root: Element, transaction: Element, names: _Names) -> Paper:
    document = needed(root.find(names.document), names.document)
    settlement = needed(transaction.find(names.settlement), names.settlement)
    sums = settlement.find(names.sums)
    kind = told(document, "TypeCode")  # BT-3
    sign = -1 if kind in CREDIT_NOTES else 1
    currency = money(told(settlement, "InvoiceCurrencyCode"))  # BT-5
    referred = told(settlement, "InvoiceReferencedDocument/IssuerAssignedID", "InvoiceReferencedDocument/ID")  # BT-25
    return Paper(
        number=needed(told(document, "ID"), "BT-1"),
        issued_on=needed_day(told(document, "IssueDateTime/DateTimeString", "IssueDateTime/DateTime"), "BT-2"),
        seller=_party(transaction.find(f"{names.agreement}/SellerTradeParty")),
        buyer=_party(transaction.find(f"{names.agreement}/BuyerTradeParty")),
        net_fen=_sum(sums, "TaxBasisTotalAmount", sign, currency),  # BT-109
        tax_fen=_sum(sums, "TaxTotalAmount", sign, currency),  # BT-110
        gross_fen=_sum(sums, "GrandTotalAmount", sign, currency),  # BT-112
        currency=currency,
        form="foreign",
        red_of=referred if sign < 0 or kind == "384" else None,
        listed_fen=_sum(sums, "LineTotalAmount", sign, currency),  # BT-106
        allowances_fen=_sum(sums, "AllowanceTotalAmount", sign, currency) or 0,  # BT-107
        charges_fen=_sum(sums, "ChargeTotalAmount", sign, currency) or 0,  # BT-108
        lines=tuple(
            (plain(line), attempt_line(lambda node: _line(node, names, sign), line)) for line in transaction.findall(_LINE)
        ),
    )


def _sum(sums: Element | None, tag: str, sign: int, currency: str | None) -> int | None:
    """Return a total in the invoice's currency: a second tax total may be in that of the tax office (BT-111)."""
    for found in sums.findall(tag) if sums is not None else ():
        if money(found.get("currencyID")) in (None, currency):
            fen = amount((found.text or "").strip(), tag)
            return None if fen is None else fen * sign
    return None


def _party(node: Element | None) -> Party:
    if node is None:
        return Party()
    ids = tuple(text for path in _IDS for found in node.findall(path) if (text := (found.text or "").strip()))
    return Party(ids, told(node, "Name"))


def _line(node: Element, names: _Names, sign: int) -> PaperLine:
    settlement = needed(node.find(names.line_settlement), names.line_settlement)
    percent = told(settlement, f"ApplicableTradeTax/{names.percent}")  # BT-152
    units = milli(told(node, f"{names.line_delivery}/BilledQuantity"), "BT-129")
    net = amount(told(settlement, f"{names.line_sums}/LineTotalAmount"), "BT-131")
    return PaperLine(
        net_fen=needed(net, "BT-131") * sign,
        tax_rate_ppm=rate(f"{percent}%", "BT-152") if percent else None,
        units_milli=None if units is None else units * sign,
    )


def _is_cii(head: bytes, _name: str) -> bool:
    return starts_as_xml(head) and re.search(rb"<(?:\w+:)?CrossIndustry(?:Invoice|Document)[\s>]", head) is not None


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_cii(path.read_bytes(), intake, file=path.name)


CII: Final = register_source(Source(name="cii", en="Cross Industry Invoice", zh="CII发票", signature=_is_cii, read=_read_file))
