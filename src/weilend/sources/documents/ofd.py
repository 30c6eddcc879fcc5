"""In: an OFD e-invoice (a zip of XML). Out: its records and facts, and which part told each value. Used: through `SOURCES`.

Source: GB/T 33190-2016 (OFD). Three parts of unequal trust may tell the same value, and the first that tells it counts:

1. `attachment`: an XML or XBRL file that the issuer put in, complete and exact.
2. `custom_tag`: tags that point at the text drawn on the page; a total may lead to the sign ¥ only, which tells nothing.
3. `doc_info`: a list of names and values in the head of the file; its 合计金额 is the net amount, not the total.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal
from xml.etree.ElementTree import Element

import msgspec

from weilend.core.errors import SourceError
from weilend.sources.batch import Batch
from weilend.sources.catalogue import Source, register_source
from weilend.sources.documents.einvoice_xml import form_of
from weilend.sources.documents.facts import tell_fact
from weilend.sources.documents.faults import Fault
from weilend.sources.documents.papers import Paper, PaperLine, Party, attempt_line, invoice_number, tell_digits, tell_paper
from weilend.sources.documents.scalars import amount, day, milli, needed, needed_day, rate, tax_amount
from weilend.sources.documents.tray import Tray
from weilend.sources.documents.tree import first, parse_xml, told
from weilend.sources.files.limits import unpack
from weilend.sources.intake import Intake

Part = Literal["attachment", "custom_tag", "doc_info"]
PARTS: Final[tuple[Part, ...]] = ("attachment", "custom_tag", "doc_info")

#: value: what the attachment (as XML, as XBRL), the custom tags and the head of the file call it.
NAMES: Final[dict[str, tuple[str, str, str, str]]] = {
    "number": ("InvoiceNo", "NumberOfInvoice", "InvoiceNo", "发票号码"),
    "code": ("InvoiceCode", "CodeOfInvoice", "InvoiceCode", "发票代码"),
    "issued": ("IssueDate", "DateOfIssue", "IssueDate", "开票日期"),
    "seller_id": (
        "SellerTaxID",
        "TaxpayerIdentificationNumberUnifiedSocialCreditCodeOfSeller",
        "SellerTaxID",
        "销售方纳税人识别号",
    ),
    "seller_name": ("SellerName", "NameOfSeller", "SellerName", "销售方名称"),
    "buyer_id": (
        "BuyerTaxID",
        "TaxpayerIdentificationNumberUnifiedSocialCreditCodeOfPurchaser",
        "BuyerTaxID",
        "购买方纳税人识别号",
    ),
    "buyer_name": ("BuyerName", "NameOfPurchaser", "BuyerName", "购买方名称"),
    "net": ("TaxExclusiveTotalAmount", "TotalAmountExcludingTax", "TaxExclusiveTotalAmount", "合计金额"),
    "tax": ("TaxTotalAmount", "TotalTaxAmount", "TaxTotalAmount", "合计税额"),
    "gross": ("TaxInclusiveTotalAmount", "TaxIncludedAmountInFigures", "TaxInclusiveTotalAmount", "价税合计"),
    "drawer": ("InvoiceClerk", "Issuer", "InvoiceClerk", "开票人"),
    "terminal": ("MachineNo", "NumberOfInvoiceMachine", "MachineNo", "机器编号"),
    "form": ("-", "TypeOfInvoice", "-", "模板编号"),
    "red_code": ("OriginalInvoiceCode", "-", "OriginalInvoiceCode", "-"),
    "red_number": ("OriginalInvoiceNo", "-", "OriginalInvoiceNo", "-"),
}
#: What the parts call a line and its values: net, tax, rate, goods code, quantity.
_LINES: Final = (
    ("GoodsInfo", "Amount", "TaxAmount", "TaxScheme", "Code", "Quantity"),
    (
        "InformationOfTaxableGoodsOrServicesDetailItemsTuple",
        *("AmountExcludingTax", "TaxAmount", "TaxRate", "-", "QuantityOfGoodsOrServices"),
    ),
)
_AMOUNTS: Final = ("net", "tax", "gross")
_DIGITAL_DIGITS = 20


class Told(msgspec.Struct, frozen=True):
    """A value as a part of the file tells it.

    >>> Told("57.00", "attachment").part
    'attachment'
    """

    text: str
    part: Part


class OfdInvoice(msgspec.Struct, frozen=True):
    """What an OFD file tells of its invoice: each value by each part that tells it, best first, and the lines.

    >>> OfdInvoice({"net": (Told("1", "custom_tag"),)}, ()).best("net").text
    '1'
    """

    values: Mapping[str, tuple[Told, ...]]
    lines: tuple[Mapping[str, str], ...]

    def best(self, name: str) -> Told | None:
        """Return a value as the part that is trusted most tells it."""
        return next(iter(self.values.get(name, ())), None)

    def text(self, name: str) -> str | None:
        """Return the text of a value."""
        found = self.best(name)
        return found.text if found else None

    def weakest(self) -> Part:
        """Return the least trusted part that number, day and amounts had to be taken from."""
        parts = {found.part for name in ("number", "issued", *_AMOUNTS) if (found := self.best(name))}
        return max(parts, key=PARTS.index, default="doc_info")


def read_ofd(content: bytes, intake: Intake, *, file: str = "invoice.ofd") -> Batch:
    """Return the invoice of an OFD file, its lines, whether it adds up, and whether its parts agree.

    `source` of the records is `ofd.` and the weakest part that their amounts came from. Raises `SourceError` for a file that is no
    OFD or holds no invoice.

    >>> from weilend.core.calendars import Calendar
    >>> read_ofd(b"PK", Intake(calendar=Calendar(), consent_id="own-data", business_id="B1"))
    Traceback (most recent call last):
    weilend.core.errors.SourceError: invoice.ofd is a zip file cut short or damaged. Hint: copy it again
    """
    intake.business(file)
    found = read_parts(content, file)
    tray = Tray(f"ofd.{found.weakest()}", intake, file, content)
    original = {name: {one.part: one.text for one in texts} for name, texts in found.values.items()}
    paper = tell_paper(tray, lambda: _paper(found), original, found.lines)
    if paper is not None:
        _tell_agreement(tray, found, paper)
        tell_digits(tray, paper)
    return tray.batch()


def read_parts(content: bytes, file: str = "invoice.ofd") -> OfdInvoice:
    """Return what each part of an OFD file tells; raises `SourceError` where none tells the number of an invoice.

    >>> read_parts(b"")
    Traceback (most recent call last):
    weilend.core.errors.SourceError: invoice.ofd is empty. Hint: export it again
    """
    members = unpack(content, file)
    if "OFD.xml" not in members:
        raise SourceError(f"{file} is no OFD file: it has no OFD.xml", hint="send the file as the tax office issued it")
    head = parse_xml(members["OFD.xml"], file)
    root = _resolve("OFD.xml", first(head, "DocRoot") or "Doc_0/Document.xml")
    attached = list(_attached(members, root))
    tags = list(_tagged(members, root))
    values: dict[str, list[Told]] = {}
    for name, (plain_tag, xbrl_tag, custom_tag, info_name) in NAMES.items():
        texts: list[tuple[str | None, Part]] = [(first(node, plain_tag, xbrl_tag), "attachment") for node in attached]
        texts += [(one.get(custom_tag, [""])[0], "custom_tag") for one in tags]
        texts.append((_custom_data(head, info_name), "doc_info"))
        values[name] = [Told(text.strip(), part) for text, part in texts if text and text.strip().strip("¥￥ ")]
    if not values["number"]:
        raise SourceError(f"{file} holds no invoice: it is another OFD document", hint="send the invoice itself")
    lines = [line for node in attached for line in _attached_lines(node)] or [
        line for one in tags for line in _tagged_lines(one)
    ]
    return OfdInvoice({name: tuple(told_by) for name, told_by in values.items() if told_by}, tuple(lines))


def _paper(found: OfdInvoice) -> Paper:
    number = needed(found.text("number"), "发票号码")
    gross = amount(found.text("gross"), "价税合计")
    red_number = found.text("red_number")
    return Paper(
        number=invoice_number(found.text("code"), number),
        issued_on=needed_day(found.text("issued"), "开票日期"),
        seller=_party(found, "seller"),
        buyer=_party(found, "buyer"),
        net_fen=amount(found.text("net"), "合计金额"),
        tax_fen=tax_amount(found.text("tax"), "合计税额"),
        gross_fen=gross,
        form=form_of(found.text("form"), digital=len(number) == _DIGITAL_DIGITS),
        drawer=found.text("drawer"),
        terminal=found.text("terminal"),
        red_of=invoice_number(found.text("red_code"), red_number) if red_number and gross is not None and gross < 0 else None,
        lines=tuple((line, attempt_line(_line, line)) for line in found.lines),
    )


def _party(found: OfdInvoice, side: str) -> Party:
    number = found.text(f"{side}_id")
    return Party((number,) if number else (), found.text(f"{side}_name"))


def _line(texts: Mapping[str, str]) -> PaperLine:
    return PaperLine(
        net_fen=needed(amount(texts.get("net"), "金额"), "金额"),
        tax_fen=tax_amount(texts.get("tax"), "税额"),
        tax_rate_ppm=rate(texts.get("rate"), "税率"),
        goods_code=texts.get("code") or None,
        units_milli=milli(texts.get("units"), "数量"),
    )


def _tell_agreement(tray: Tray, found: OfdInvoice, paper: Paper) -> None:
    """State whether the parts of the file that tell the same value tell it alike: who edits one part forgets the others."""
    compared = {name: _normal(name, texts) for name, texts in found.values.items() if len({one.part for one in texts}) > 1}
    failed = [name for name, texts in compared.items() if len(set(texts)) > 1]
    if not compared:
        return
    amounts = [name for name in _AMOUNTS if name in failed]
    fen = [text for text in compared[amounts[0]] if isinstance(text, int)] if amounts else []
    expected, other = (fen[0], next(one for one in fen if one != fen[0])) if len(set(fen)) > 1 else (None, None)
    tell_fact(
        tray, "file_marks", paper.issued_on, expected_fen=expected, found_fen=other, checked_count=len(compared),
        failed_count=len(failed),
    )  # fmt: skip


def _normal(name: str, texts: tuple[Told, ...]) -> list[object]:
    """Return a value as each part tells it, in a form in which equal ones are equal."""
    return [_normal_text(name, one.text) for one in texts]


def _normal_text(name: str, text: str) -> object:
    try:
        if name in _AMOUNTS:
            return tax_amount(text, name)
        return day(text, name) if name == "issued" else "".join(text.split())
    except Fault:
        return text


def _custom_data(head: Element, name: str) -> str | None:
    return next((one.text for one in head.iter("CustomData") if one.get("Name") == name), None)


def _attached(members: Mapping[str, bytes], root: str) -> Iterator[Element]:
    """Yield the XML files that are attached and hold an invoice."""
    for place, index in _indexes(members, root, "Attachments"):
        for entry in index.iter("Attachment"):
            node = _parsed(members, _resolve(place, first(entry, "FileLoc") or ""))
            if node is not None and first(node, NAMES["number"][0], NAMES["number"][1]):
                yield node


def _tagged(members: Mapping[str, bytes], root: str) -> Iterator[dict[str, list[str]]]:
    """Yield for each file of custom tags the texts that its tags point at, by tag."""
    drawn = dict(_drawn(members, root))
    for place, index in _indexes(members, root, "CustomTags"):
        for entry in index.iter("CustomTag"):
            node = _parsed(members, _resolve(place, first(entry, "FileLoc") or ""))
            if node is None:
                continue
            texts: dict[str, list[str]] = {}
            for tag in node.iter():
                refs = [(one.get("PageRef") or "", (one.text or "").strip()) for one in tag.findall("ObjectRef")]
                text = "".join(drawn.get(ref, "") for ref in refs) or told(tag, "ObjectData") or ""
                if refs or text:
                    texts.setdefault(tag.tag, []).append(text)
            yield texts


def _drawn(members: Mapping[str, bytes], root: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((page, object), text) of all text on the pages."""
    document = _parsed(members, root)
    for page in document.iter("Page") if document is not None else ():
        content = _parsed(members, _resolve(root, page.get("BaseLoc") or ""))
        for item in content.iter("TextObject") if content is not None else ():
            yield (page.get("ID") or "", item.get("ID") or ""), "".join(code.text or "" for code in item.iter("TextCode"))


def _attached_lines(node: Element) -> Iterator[dict[str, str]]:
    for tag, *names in _LINES:
        for line in node.iter(tag):
            keys = ("net", "tax", "rate", "code", "units")
            yield {key: text for key, name in zip(keys, names, strict=True) if (text := told(line, name))}


def _tagged_lines(texts: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    """Yield the lines of custom tags, which repeat each tag once a line; tags that repeat unequally tell no lines."""
    _, *names = _LINES[0]
    columns = {key: texts.get(name, []) for key, name in zip(("net", "tax", "rate", "code", "units"), names, strict=True)}
    count = len(columns["net"])
    whole = {key: column for key, column in columns.items() if len(column) == count}
    for number in range(count):
        yield {key: column[number] for key, column in whole.items() if column[number].strip()}


def _indexes(members: Mapping[str, bytes], root: str, tag: str) -> Iterator[tuple[str, Element]]:
    """Yield (path, root element) of each file that the document names under a tag."""
    document = _parsed(members, root)
    for found in document.findall(tag) if document is not None else ():
        place = _resolve(root, (found.text or "").strip())
        index = _parsed(members, place)
        if index is not None:
            yield place, index


def _parsed(members: Mapping[str, bytes], place: str) -> Element | None:
    """Return the XML of a member; None where it is not there or not well formed: another part may tell the same."""
    try:
        return parse_xml(members[place], place)
    except (KeyError, SourceError):
        return None


def _resolve(place: str, location: str) -> str:
    """Return the path in the zip of a location that a file names: from the top, or from its own folder."""
    if location.startswith("/"):
        return location.lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), location))


def _is_ofd(head: bytes, name: str) -> bool:
    return head.startswith(b"PK") and (b"OFD.xml" in head or b"Doc_0/" in head or name.lower().endswith(".ofd"))


def _read_file(path: Path, intake: Intake) -> Batch:
    return read_ofd(path.read_bytes(), intake, file=path.name)


OFD: Final = register_source(
    Source(name="ofd", en="Chinese e-invoice as OFD", zh="OFD电子发票", signature=_is_ofd, read=_read_file)
)
