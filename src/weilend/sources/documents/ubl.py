"""In: a UBL 2.1 invoice or credit note. Out: its records and facts. Used: through `SOURCES`.

Source: EN 16931-1 (business terms BT-…), its UBL binding. A credit note takes back: its amounts turn negative.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.papers import Paper, PaperLine, Party, attempt_line, check_told, tell_paper
from weilend.sources.documents.scalars import amount, milli, needed, needed_day, rate
from weilend.sources.documents.statements import money
from weilend.sources.documents.tray import Tray
from weilend.sources.documents.tree import parse_xml, plain, starts_as_xml, told
from weilend.sources.intake import Intake

#: Types of document (BT-3, UNTDID 1001) whose amounts are to be taken back.
CREDIT_NOTES: Final = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})
_NAMESPACE = re.compile(rb"urn:oasis:names:specification:ubl:schema:xsd:(?:Invoice|CreditNote)-2")
_IDS: Final = (
    "PartyTaxScheme/CompanyID",  # BT-31, BT-48
    "PartyLegalEntity/CompanyID",  # BT-30, BT-47
    "PartyIdentification/ID",  # BT-29, BT-46
)
_NAMES: Final = ("PartyLegalEntity/RegistrationName", "PartyName/Name")  # BT-27 and BT-44, BT-28 and BT-45


def read_ubl(content: bytes, intake: Intake, *, file: str = "invoice.xml") -> Batch:
    """Return the invoice or credit note of a UBL file, its lines, and whether it adds up.

    >>> text = b"<Invoice><ID>7</ID><IssueDate>2020-01-02</IssueDate><AccountingSupplierParty><Party><PartyTaxScheme><CompanyID>9A"
    >>> text += b"</CompanyID></PartyTaxScheme></Party></AccountingSupplierParty><LegalMonetaryTotal><TaxExclusiveAmount>10"
    >>> text += b"</TaxExclusiveAmount><TaxInclusiveAmount>11.3</TaxInclusiveAmount></LegalMonetaryTotal></Invoice>"
    >>> from weilend.core.calendars import Calendar
    >>> from weilend.sources.tokens import Tokens
    >>> intake = Intake(calendar=Calendar(), consent_id="own-data", business_id="B1", tax_id="9A", tokens=Tokens(bytes(16)))
    >>> read_ubl(text, intake).records["invoice"]["tax_fen"].to_pylist()
    [130]
    """
    intake.business(file)
    root = parse_xml(content, file)
    tray = Tray("ubl", intake, file, content)
    lines = [*root.findall("InvoiceLine"), *root.findall("CreditNoteLine")]
    if root.tag in ("Invoice", "CreditNote"):
        tell_paper(tray, lambda: _paper(root, lines), _header(root), [plain(line) for line in lines])
    check_told(tray, "UBL invoice or credit note")
    return tray.batch()


def _paper(root: Element, lines: list[Element]) -> Paper:
    kind = told(root, "InvoiceTypeCode", "CreditNoteTypeCode")  # BT-3
    sign = -1 if root.tag == "CreditNote" or kind in CREDIT_NOTES else 1
    currency = money(told(root, "DocumentCurrencyCode"))  # BT-5
    totals = root.find("LegalMonetaryTotal")
    sums = {tag: _sum(totals, tag, sign) for tag in ("TaxExclusiveAmount", "TaxInclusiveAmount", "LineExtensionAmount")}
    return Paper(
        number=needed(told(root, "ID"), "BT-1"),
        issued_on=needed_day(told(root, "IssueDate"), "BT-2"),
        seller=_party(root.find("AccountingSupplierParty/Party")),
        buyer=_party(root.find("AccountingCustomerParty/Party")),
        net_fen=sums["TaxExclusiveAmount"],  # BT-109
        tax_fen=_tax(root, currency, sign),  # BT-110
        gross_fen=sums["TaxInclusiveAmount"],  # BT-112
        currency=currency,
        form="foreign",
        red_of=told(root, "BillingReference/InvoiceDocumentReference/ID") if sign < 0 or kind == "384" else None,  # BT-25
        listed_fen=sums["LineExtensionAmount"],  # BT-106
        allowances_fen=_sum(totals, "AllowanceTotalAmount", sign) or 0,  # BT-107
        charges_fen=_sum(totals, "ChargeTotalAmount", sign) or 0,  # BT-108
        lines=tuple((plain(line), attempt_line(lambda node: _line(node, sign), line)) for line in lines),
    )


def _sum(totals: Element | None, tag: str, sign: int) -> int | None:
    fen = amount(told(totals, tag), tag) if totals is not None else None
    return None if fen is None else fen * sign


def _tax(root: Element, currency: str | None, sign: int) -> int | None:
    """Return the tax in the invoice's currency: a second total may tell it in that of the tax office (BT-111)."""
    for total in root.findall("TaxTotal"):
        found = total.find("TaxAmount")
        if found is not None and money(found.get("currencyID")) in (None, currency):
            return _sum(total, "TaxAmount", sign)
    return None


def _party(node: Element | None) -> Party:
    if node is None:
        return Party()
    ids = tuple(text for path in _IDS for found in node.findall(path) if (text := (found.text or "").strip()))
    return Party(ids, told(node, *_NAMES))


def _line(node: Element, sign: int) -> PaperLine:
    percent = told(node, "Item/ClassifiedTaxCategory/Percent")  # BT-152
    units = milli(told(node, "InvoicedQuantity", "CreditedQuantity"), "BT-129")
    return PaperLine(
        net_fen=needed(amount(told(node, "LineExtensionAmount"), "BT-131"), "BT-131") * sign,
        tax_rate_ppm=rate(f"{percent}%", "BT-152") if percent else None,
        units_milli=None if units is None else units * sign,
    )


def _header(root: Element) -> object:
    kept = Element(root.tag)
    kept.extend(child for child in root if not child.tag.endswith("Line"))
    return plain(kept)


def _is_ubl(head: bytes, _name: str) -> bool:
    return (
        starts_as_xml(head)
        and re.search(rb"urn:oasis:names:specification:ubl:schema:xsd:(?:Invoice|CreditNote)-2", head) is not None
    )


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_ubl(path.read_bytes(), intake, file=path.name)


UBL: Final = register_source(
    Source(name="ubl", en="UBL invoice or credit note", zh="UBL发票", signature=_is_ubl, read=_read_file)
)
